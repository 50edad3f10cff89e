// SPDX-License-Identifier: MIT
#include "cli/lab_watch.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/talk.h"

namespace wdscope::cli {

Result<LabWatch> open_lab(const Arguments& arguments) {
  LabOptions options;
  options.profile = arguments.profile;
  options.drivers = arguments.drivers;
  options.policy = arguments.policy;
  if (arguments.driver_output == DriverOutput::Shown) {
    options.debug_output = [](std::string_view line) {
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
      say(fmt::format("driver: {}", line));
    };
  }
  auto lab = Lab::start(options);
  if (!lab) return tl::unexpected(lab.error());
  auto device = (*lab)->open_device();
  if (!device) return tl::unexpected(device.error());
  auto source = DeviceSource::open(std::move(*device), (*lab)->origin());
  if (!source) return tl::unexpected(source.error());
  return LabWatch{std::move(*lab), std::move(*source)};
}

}  // namespace wdscope::cli
