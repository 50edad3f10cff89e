// SPDX-License-Identifier: MIT
// fork() for a program with threads and signal handlers: the child starts with every signal blocked and without the
// program's handlers, so that none of them ever runs there. Ignored signals stay ignored.
#pragma once

#include <sys/types.h>

namespace wdscope {

// As fork(). The child may call only async-signal-safe functions, and should end with _exit or exec.
pid_t quiet_fork();

}  // namespace wdscope
