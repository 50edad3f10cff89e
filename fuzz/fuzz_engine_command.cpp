// SPDX-License-Identifier: MIT
// Any bytes as a command of the engine to the notifier that ships: one of the published statuses, no reply where none
// is due, and neither a process nor a count lost. The host's verifier watches the driver meanwhile. Byte 0 chooses the
// profile, byte 1 the command (0xFF: the rest is the whole request); the rest follows the header.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "abi/defender/commands.h"
#include "abi/wire/engine.h"
#include "host/machine.h"
#include "host/testing/driver_image.h"
#include "require.h"

// What the host keeps for the driver is reachable through the driver's own memory, where LeakSanitizer does not look.
// What the driver itself leaks, the verifier reports at its unload.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}

using namespace wdscope;
namespace command_status = defender::command_status;

namespace {

constexpr wire::NotifierProfile kProfiles[] = {wire::NotifierProfile::Wd1910, wire::NotifierProfile::Wd25080,
                                               wire::NotifierProfile::WdA5, wire::NotifierProfile::Wd20H1};
constexpr const defender::CommandProtocol* kProtocols[] = {&defender::kCommands1910, &defender::kCommands25080,
                                                           &defender::kCommandsA5, &defender::kCommands1910};
constexpr std::uint32_t kStatusInvalidCid = 0xC000000B;
constexpr std::uint64_t kProcessIds[] = {1000, 1004};
constexpr std::int64_t kCreated = 133'000'000'000'000'000;
constexpr std::uint8_t kWholeRequest = 0xFF;

// One machine with two processes and the notifier; the profile changes by loading it again.
class Target {
 public:
  Target() : image_(host::testing::driver_image("wdnotifier.sys")) {
    auto machine = host::Machine::boot();
    fuzz::require(machine.has_value(), "a machine boots");
    machine_ = std::move(*machine);
    for (const std::uint64_t process_id : kProcessIds) {
      host::ProcessStart start;
      start.process_id = process_id;
      start.parent_process_id = 4;
      start.created_100ns = kCreated;
      start.image = u"\\Device\\HarddiskVolume1\\a.exe";
      fuzz::require(machine_->adopt_process(start) == 0, "a process is adopted");
    }
  }

  host::DeviceFile& use(std::size_t profile) {
    if (file_ && profile == profile_) return *file_;
    file_.reset();
    if (driver_) fuzz::require(machine_->unload(driver_).has_value(), "the notifier unloads");
    const auto value = static_cast<std::uint32_t>(kProfiles[profile]);
    auto driver = machine_->load(image_, {.service_name = "wdnotifier", .parameters = {{"Profile", value}}});
    fuzz::require(driver.has_value(), "the notifier loads");
    driver_ = *driver;
    auto file = machine_->open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    fuzz::require(file.has_value(), "the engine connects");
    file_ = std::move(*file);
    profile_ = profile;
    return *file_;
  }

 private:
  std::vector<std::byte> image_;
  std::unique_ptr<host::Machine> machine_;
  host::LoadedDriver* driver_ = nullptr;
  std::unique_ptr<host::DeviceFile> file_;
  std::size_t profile_ = 0;
};

std::uint32_t command_id(const defender::CommandProtocol& protocol, std::uint8_t choice) {
  const std::uint32_t ids[] = {protocol.SetProcessExclusion,
                               protocol.SetDocOpenRule,
                               protocol.SetProcessInfo,
                               protocol.RegisterFriendlyProcess,
                               protocol.Taint,
                               protocol.ResetHardeningExclusions,
                               protocol.SetTrustedInstallerFlags,
                               protocol.QueryTrustedAndUntrustedProcess};
  return ids[choice % std::size(ids)];
}

defender::COMMAND_HEADER header_of(const defender::CommandProtocol& protocol, std::uint32_t command, std::size_t size) {
  defender::COMMAND_HEADER header{};
  header.Version = protocol.version;
  header.Minor = protocol.minor;
  header.TotalSize = static_cast<std::uint32_t>(size);
  header.Command = command;
  return header;
}

bool is_published(std::uint32_t status) {
  constexpr std::uint32_t kPublished[] = {command_status::Success,        command_status::BufferOverflow,
                                          command_status::Unsuccessful,   command_status::InvalidParameter,
                                          command_status::BufferTooSmall, command_status::IntegerOverflow,
                                          command_status::NotSupported,   command_status::InvalidBufferSize,
                                          command_status::NotFound,       kStatusInvalidCid};
  return std::find(std::begin(kPublished), std::end(kPublished), status) != std::end(kPublished);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Target target;
  if (size < 2) return 0;
  const std::size_t profile = data[0] % std::size(kProfiles);
  const defender::CommandProtocol& protocol = *kProtocols[profile];
  host::DeviceFile& file = target.use(profile);

  const bool whole = data[1] == kWholeRequest;
  std::vector<std::byte> request(whole ? 0 : sizeof(defender::COMMAND_HEADER));
  const auto rest = std::as_bytes(std::span(data, size).subspan(2));
  request.insert(request.end(), rest.begin(), rest.end());
  if (!whole) {
    const auto header = header_of(protocol, command_id(protocol, data[1]), request.size());
    std::memcpy(request.data(), &header, sizeof header);
  }
  const auto answer = file.control(wire::kEngineCommand, request, {});
  fuzz::require(is_published(static_cast<std::uint32_t>(answer.status)), "a command ends with a published status");
  fuzz::require(answer.information == 0, "without room there is no reply");

  defender::COMMAND_REPLY reply{};
  std::vector<std::byte> query(sizeof(defender::COMMAND_HEADER));
  const auto header = header_of(protocol, protocol.QueryTrustedAndUntrustedProcess, query.size());
  std::memcpy(query.data(), &header, sizeof header);
  const auto counts = file.control(wire::kEngineCommand, query, std::as_writable_bytes(std::span(&reply, 1)));
  fuzz::require(counts.status == 0 && counts.information == sizeof reply, "the counts can be asked for");
  // The System process is the third.
  fuzz::require(reply.TrustedCount + reply.UntrustedCount == std::size(kProcessIds) + 1, "every process is counted");
  return 0;
}
