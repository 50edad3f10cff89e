// SPDX-License-Identifier: MIT
#include "cli/live.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> record(const Arguments& arguments) {
  return run_live(arguments, arguments.command.empty() ? Feed::Machine : Feed::Command, open_recording);
}

}  // namespace wdscope::cli
