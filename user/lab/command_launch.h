// SPDX-License-Identifier: MIT
// A child process that waits at a gate until its tracer has attached, then becomes the command.
//
// The command gets this program's standard streams, process group, environment and ignored signals; no signal is
// blocked, and SIGPIPE, which this program may ignore for its own sake, has its default again.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "event/result.h"

namespace wdscope {

class CommandLaunch {
 public:
  // Forks. Usage if `command` is empty.
  static Result<CommandLaunch> prepare(const std::vector<std::string>& command);
  CommandLaunch(CommandLaunch&& other) noexcept;
  CommandLaunch& operator=(CommandLaunch&&) = delete;
  ~CommandLaunch();  // a child still at the gate ends

  pid_t pid() const { return pid_; }
  // Opens the gate.
  void release();
  // Once the child has ended without becoming the command: the errno of its exec; 0 when it never got there.
  int exec_errno() const;

 private:
  CommandLaunch(pid_t pid, int gate, int report) : pid_(pid), gate_(gate), report_(report) {}

  pid_t pid_ = 0;
  int gate_ = -1;    // write end; closing it without a byte ends the child
  int report_ = -1;  // read end; closed by the exec, or gets its errno
};

}  // namespace wdscope
