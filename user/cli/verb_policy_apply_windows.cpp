// SPDX-License-Identifier: MIT
#include "cli/needs_linux.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> policy_apply(const Arguments&) {
  return needs_linux("'policy apply'");
}

}  // namespace wdscope::cli
