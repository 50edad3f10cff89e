// SPDX-License-Identifier: MIT
#include "cli/live.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> watch(const Arguments& arguments) {
  return run_live(arguments, Feed::Machine, open_view);
}

}  // namespace wdscope::cli
