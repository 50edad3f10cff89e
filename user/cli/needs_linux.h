// SPDX-License-Identifier: MIT
// The refusal of what the Windows build cannot do.
#pragma once

#include <string>

#include "event/result.h"

namespace wdscope::cli {

// `what` is the beginning of the sentence: "'run'".
inline tl::unexpected<Error> needs_linux(const std::string& what) {
  return failure(ErrorCode::SourceUnavailable,
                 what +
                     " needs Linux: the lab, a machine with both drivers in one process, and what follows a "
                     "command are parts of the Linux program",
                 "on Windows 'watch' and 'record' show this machine's own processes");
}

}  // namespace wdscope::cli
