// SPDX-License-Identifier: MIT
#include "cli/observed_machine.h"

#include <windows.h>

#include <array>
#include <memory>

#include "capture/machine_drives.h"
#include "capture/observer_device.h"
#include "cli/driver_service.h"
#include "event/dos_paths.h"
#include "event/windows_text.h"

namespace wdscope::cli {
namespace {

std::string host_name() {
  std::array<wchar_t, 256> name{};
  auto units = static_cast<DWORD>(name.size());
  const BOOL known = GetComputerNameExW(ComputerNameDnsHostname, name.data(), &units);
  return known != 0 ? to_utf8({name.data(), units}) : "localhost";
}

}  // namespace

Result<ObservedMachine> open_machine(const Arguments&) {
  auto device = open_observer_device();
  if (!device) return tl::unexpected(device.error());
  Origin origin;
  origin.kind = Origin::Kind::Device;
  origin.host_name = host_name();
  origin.dos_paths = std::make_shared<const DosPaths>(read_machine_drives);
  // Both announce under the same name; which of them is there, only the service control manager tells.
  origin.description = driver_is_running(kNotifierService)
                           ? "wdnotifier.sys, a replica of WdFilter's notifier, not Defender"
                           : "this machine's notifier, which should be Microsoft Defender's WdFilter";
  auto source = DeviceSource::open(std::move(*device), std::move(origin));
  if (!source) return tl::unexpected(source.error());
  return ObservedMachine{nullptr, std::move(*source)};
}

std::vector<std::string> snapshot_words(const ProcessPicture&) {
  return {"a snapshot of what runs now, as the notifier repeats it"};
}

}  // namespace wdscope::cli
