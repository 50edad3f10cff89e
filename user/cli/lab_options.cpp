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
  // What is about one command alone has nothing to do with what ran before.
  const bool whole_machine =
      arguments.verb == Verb::Watch || (arguments.verb == Verb::Record && arguments.command.empty());
  options.snapshot_on_attach = whole_machine && arguments.snapshot == SnapshotChoice::Taken;
  if (arguments.driver_output == DriverOutput::Shown) {
    options.debug_output = [](std::string_view line) {
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
      say(fmt::format("driver: {}", line));
    };
  }
  return options;
}

}  // namespace wdscope::cli
