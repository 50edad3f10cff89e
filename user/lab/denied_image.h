// SPDX-License-Identifier: MIT
// Ends a process that was denied, where it stands: at its exec stop, with its image mapped and not one instruction run.
#pragma once

#include <sys/types.h>

namespace wdscope {

// What such a process exits with: what a shell says of a program that may not be executed.
inline constexpr int kDeniedExitCode = 126;

// `thread`: a tracee that stands at PTRACE_EVENT_EXEC, not resumed yet; only its tracer may call. The instructions at
// its entry point become exit_group(126), so that whoever waits for it sees an ordinary end. Where that cannot be
// written (another architecture, no room) the process is killed. False: it was gone already.
bool end_before_first_instruction(pid_t thread);

}  // namespace wdscope
