// SPDX-License-Identifier: MIT
#include "cli/raw_gathering.h"

#include "cli/needs_linux.h"

namespace wdscope::cli {

Result<void> gather_from_command(const Arguments&, RawGathering&) {
  return needs_linux("following a command");
}

}  // namespace wdscope::cli
