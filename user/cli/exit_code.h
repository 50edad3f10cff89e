// SPDX-License-Identifier: MIT
// The one place where a failure becomes words and an exit code.
#pragma once

#include <string>

#include "event/result.h"

namespace wdscope::cli {

// What the program's exit status means. `run` passes on the followed command's own status when nothing else went wrong.
enum class ExitCode : int {
  Done = 0,
  No = 1,                    // the answer is no
  Usage = 2,                 // the request or the configuration is wrong
  Input = 3,                 // an input or output file cannot be used, or is damaged
  Source = 4,                // no source of events, or not permitted
  Lost = 5,                  // done, but events were lost
  CommandNotRunnable = 126,  // as a shell: found but cannot be executed
  CommandNotFound = 127,     // as a shell
  Interrupted = 130,         // by SIGINT or SIGTERM before the end that was asked for
  BrokenPipe = 141,          // whoever read our output is gone
};

ExitCode exit_code(ErrorCode code);

// "wdscope: <what>: <what the system says>\n" and, with advice, "wdscope: <advice>\n"; safe to print on a terminal.
std::string words(const Error& error);

}  // namespace wdscope::cli
