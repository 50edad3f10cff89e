// SPDX-License-Identifier: MIT
#include "nis.h"

#include <stdexcept>

namespace wdscope::test {
namespace {

std::unique_ptr<host::DeviceFile> open_nis(host::Machine& machine) {
  auto file = machine.open(wire::kNisUserDeviceName, host::Access::ReadWrite);
  if (!file) throw std::runtime_error(file.error().message);
  return std::move(*file);
}

}  // namespace

host::HostResult<host::LoadedDriver*> try_load_nis(host::Machine& machine, Parameters parameters) {
  static const std::vector<std::byte> image = driver_image("wdnis.sys");
  return machine.load(image, {.service_name = "wdnis", .parameters = std::move(parameters)});
}

std::vector<std::byte> exception_list(const std::vector<std::u16string>& images) {
  std::u16string texts;
  for (const std::u16string& image : images) texts.append(image).push_back(u'\0');
  const auto bytes = std::as_bytes(std::span(texts));
  return {bytes.begin(), bytes.end()};
}

host::NtStatus set_process_exceptions(host::Machine& machine, const std::vector<std::byte>& list) {
  return open_nis(machine)->control(wire::kNisSetProcessExceptions, list, {}).status;
}

wire::NisStatistics nis_statistics(host::Machine& machine) {
  wire::NisStatistics statistics{};
  const auto answer =
      open_nis(machine)->control(wire::kNisStatistics, {}, std::as_writable_bytes(std::span(&statistics, 1)));
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.information, sizeof statistics);
  return statistics;
}

}  // namespace wdscope::test
