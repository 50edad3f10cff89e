// SPDX-License-Identifier: MIT
// A feed without privilege and without gaps: starts a command and follows its whole process tree by ptrace.
//
// Invariants:
// - Every tracee stands still while the tracker announces what it did: at the exec stop (new image mapped, not one
//   instruction run) and at the exit stop (the parent cannot have seen the end yet).
// - Only the thread in run() calls ptrace; it is the thread that announces.
// - The end of a process is the exit stop of its last thread, or, when it was killed past that stop, its wait status.
//   Threads come and go silently; an exec by a thread that does not lead makes it the leader and ends all others.
// - A new child and its parent's fork event may be reported in either order; whichever is first tells the tracker.
// - Signals and job-control stops work as if nobody traced.
// - A setuid image gains nothing under an unprivileged tracer: that is Linux's rule and `run` inherits it.
// - When this program dies the kernel kills the tree.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "event/result.h"
#include "lab/crash.h"
#include "lab/lab_clock.h"
#include "lab/process_tracker.h"
#include "lab/wake_child.h"

namespace wdscope {

class CommandTracer {
 public:
  CommandTracer(ProcessTracker& tracker, const LabClock& clock);

  // As Lab::run(). Once per object.
  Result<int> run(const std::vector<std::string>& command);
  // As Lab::signal_command(). Any thread.
  void signal_command(int signal);
  // Lets the tree loose; run() returns soon after. Any thread.
  void stop();
  // The machine has stopped, perhaps in the midst of an announcement of this thread's, and nothing may be announced any
  // more: tells the command to end, lets the tree loose, and kills the command if it has not ended in time. Any thread.
  // On run()'s own thread run() must not be returned to; on another one it may be stuck in the machine.
  CommandFate abandon();

 private:
  struct Process {
    int live_threads = 0;
    bool announced_exit = false;
  };
  struct Thread {
    pid_t group = 0;
    bool exiting = false;
  };

  void follow();
  void handle_stop(pid_t thread, int status);
  void handle_new_child(pid_t parent_thread, int event);
  void handle_exec(pid_t leader);
  void handle_exit_stop(pid_t thread);
  void handle_end(pid_t thread, int status);
  const Thread* meet(pid_t thread);
  void thread_leaves(Thread& thread);
  void announce_exit(pid_t group);
  void resume(pid_t thread, int signal);
  void interrupt_all();
  void let_loose_silently();
  bool stopping();

  ProcessTracker& tracker_;
  const LabClock& clock_;
  std::unordered_map<pid_t, Thread> threads_;
  std::unordered_map<pid_t, Process> processes_;
  // Children reported before their parent's event: by a stop, or by their end.
  std::unordered_set<pid_t> met_early_;
  std::unordered_set<pid_t> ended_early_;
  pid_t root_ = 0;                     // the command's process
  FileTime launched_ = 0;              // when the command's process was made
  bool command_started_ = false;       // the command's own exec was seen
  pid_t in_hand_ = 0;                  // the thread whose stop is being handled
  bool letting_loose_ = false;         // every tracee was asked to stop, to be detached there
  std::optional<int> command_status_;  // a wait status

  std::mutex mutex_;
  pid_t command_ = 0;           // 0 before it is made and from its reaping on: never another's pid
  WakeChild* waker_ = nullptr;  // while run() waits
  bool stop_requested_ = false;
  pid_t follower_ = 0;  // the thread in follow(), 0 when there is none
  std::condition_variable left_;
};

}  // namespace wdscope
