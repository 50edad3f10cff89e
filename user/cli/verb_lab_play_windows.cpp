// SPDX-License-Identifier: MIT
#include "cli/needs_linux.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> lab_play(const Arguments&) {
  return needs_linux("'lab play'");
}

}  // namespace wdscope::cli
