// SPDX-License-Identifier: MIT
// Any bytes as a list of process exceptions for wdnis.sys: the status that the contract says, and a list taken exactly
// when it is a list. The host's verifier watches the driver meanwhile.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "abi/wire/wdnis.h"
#include "host/machine.h"
#include "host/testing/driver_image.h"
#include "require.h"

// What the host keeps for the driver is reachable through the driver's own memory, where LeakSanitizer does not look.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}

using namespace wdscope;

namespace {

constexpr host::NtStatus kStatusInvalidBufferSize = host::nt_status(0xC0000206);

class Target {
 public:
  Target() {
    auto machine = host::Machine::boot();
    fuzz::require(machine.has_value(), "a machine boots");
    machine_ = std::move(*machine);
    const auto image = host::testing::driver_image("wdnis.sys");
    fuzz::require(machine_->load(image, {.service_name = "wdnis", .parameters = {}}).has_value(), "wdnis loads");
    auto file = machine_->open(wire::kNisUserDeviceName, host::Access::ReadWrite);
    fuzz::require(file.has_value(), "its device opens");
    file_ = std::move(*file);
  }
  host::NtStatus set(std::span<const std::byte> list) {
    return file_->control(wire::kNisSetProcessExceptions, list, {}).status;
  }
  std::uint64_t changes() {
    wire::NisStatistics statistics{};
    file_->control(wire::kNisStatistics, {}, std::as_writable_bytes(std::span(&statistics, 1)));
    return statistics.exception_changes;
  }

 private:
  std::unique_ptr<host::Machine> machine_;
  std::unique_ptr<host::DeviceFile> file_;
};

// abi/wire/wdnis.h, said once more.
host::NtStatus expected_status(const std::uint8_t* data, std::size_t size) {
  if (size > wire::kMaximumNisExceptionsSize) return kStatusInvalidBufferSize;
  if (size % 2 != 0) return host::kStatusInvalidParameter;
  std::size_t length = 0;
  for (std::size_t at = 0; at < size; at += 2) {
    const bool end = data[at] == 0 && data[at + 1] == 0;
    if (end ? length == 0 : ++length > wire::kMaximumNisExceptionUnits) return host::kStatusInvalidParameter;
    if (end) length = 0;
  }
  return length == 0 ? host::kStatusSuccess : host::kStatusInvalidParameter;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Target target;
  const std::uint64_t before = target.changes();
  const host::NtStatus status = target.set(std::as_bytes(std::span(data, size)));
  fuzz::require(status == expected_status(data, size), "a list has the status of its contract");
  fuzz::require(target.changes() - before == (status == 0 ? 1u : 0u), "a list is taken when it is one");
  return 0;
}
