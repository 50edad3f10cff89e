// SPDX-License-Identifier: MIT
#include "cli/lab_options.h"

#include <fmt/format.h>

#include "cli/talk.h"

namespace wdscope::cli {

LabOptions lab_options(const Arguments& arguments) {
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
  return options;
}

}  // namespace wdscope::cli
