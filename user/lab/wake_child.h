// SPDX-License-Identifier: MIT
// Wakes a thread that waits for its children. Nothing else does so without disturbing a tracee or claiming a signal of
// the whole program: a child of the waiting thread that does nothing until it is told to end.
#pragma once

#include <sys/types.h>

#include "event/result.h"

namespace wdscope {

class WakeChild {
 public:
  // The calling thread will be the one that is woken: waitid() there reports pid()'s end.
  static Result<WakeChild> make();
  WakeChild(WakeChild&& other) noexcept;
  WakeChild& operator=(WakeChild&&) = delete;
  // Ends the child and reaps it, if nobody has. On the thread that made it.
  ~WakeChild();

  pid_t pid() const { return pid_; }
  // The caller reaped it.
  void reaped() { pid_ = 0; }
  // Any thread; once.
  void wake();

 private:
  WakeChild(pid_t pid, int file) : pid_(pid), file_(file) {}

  pid_t pid_ = 0;
  int file_ = -1;  // the child lives while this is open
};

}  // namespace wdscope
