// SPDX-License-Identifier: MIT
#include "cli/needs_linux.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> lab_load(const Arguments&) {
  return needs_linux("'lab load'");
}

}  // namespace wdscope::cli
