// SPDX-License-Identifier: MIT
#include "cli/live.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> run(const Arguments& arguments) {
  return run_live(arguments, Feed::Command, open_view);
}

}  // namespace wdscope::cli
