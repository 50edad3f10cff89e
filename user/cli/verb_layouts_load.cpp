// SPDX-License-Identifier: MIT
#include "calibrate/layout_file.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> layouts_load(const Arguments& arguments) {
  const auto file = calibrate::load_layout_file(arguments.file);
  if (!file) return tl::unexpected(file.error());
  return failure(
      ErrorCode::SourceUnavailable, "no observer's device is on this system to load a layout into",
      "in the lab, whose drivers live as long as one command: wdscope run --layout " + arguments.file + " -- COMMAND");
}

}  // namespace wdscope::cli
