// SPDX-License-Identifier: MIT
// Linux processes as NT processes: when one is announced, with which id, parent, image and time.
//
// - Linux pid N is NT process 4N. Linux pid 1 is NT's System process (4): it is never announced.
// - A process is announced at its first exec after the fork. One that never execs is announced when it exits, as a copy
//   of its parent (image and command line as they were at the fork), created when it was forked; its exit follows.
// - A later exec in the same pid is the exit of one NT process and the start of another with the same id. Its parent is
//   the parent that the Linux process has, so a chain of execs does not become a chain of parents.
// - Creation time: of an announced process the time of the exec (or of the fork, see above), of an adopted one the
//   start that Linux gives; always later than that of the process which had the pid before.
// - The parent is the process that forked, also when that is gone by now; 0 when nobody saw the fork.
// - Feeds may tell of something that a later look at /proc has already shown: an event that is not younger than what is
//   known of its pid is dropped.
// - Feeds lose events. A fork of a pid that is still there ends the old process first; an exec of a pid never seen is a
//   start; the exit of one never seen is nothing.
//
// Not for several threads at once.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "lab/feed_counters.h"
#include "lab/process_identity.h"
#include "lab/process_listener.h"
#include "lab/running_processes.h"

namespace wdscope {

inline constexpr std::uint32_t kPidFactor = 4;
constexpr std::uint64_t to_nt_pid(pid_t pid) {
  return static_cast<std::uint64_t>(pid) * kPidFactor;
}
constexpr pid_t to_linux_pid(std::uint64_t nt_pid) {
  return static_cast<pid_t>(nt_pid / kPidFactor);
}

class ProcessTracker {
 public:
  ProcessTracker(ProcessListener& listener, FeedCounters& counters);

  // A process that ran before anybody listened. Its parent should be adopted first.
  void adopt(const RunningProcess& process);
  void forked(pid_t parent, pid_t child, FileTime time);
  // `parent_hint`: used only when nobody saw the fork.
  // Denied: NT has no such process, and who can should see to it that Linux has none either.
  ProcessListener::Answer executed(pid_t pid, SharedIdentity identity, FileTime time,
                                   std::optional<pid_t> parent_hint = std::nullopt);
  // A denied process was ended before its first instruction.
  void enforced() { ++counters_.enforced; }
  void exited(pid_t pid, FileTime time);

  // Brings what is known to what /proc showed between `begun` and now, after events were lost: announces the exit of
  // those gone, the start of those new (not of kernel threads, which never exec), and an exec where the image changed.
  void reconcile(const std::vector<RunningProcess>& running, FileTime begun);

  std::size_t count() const { return processes_.size(); }

 private:
  enum class State : std::uint8_t {
    Forked,     // not announced yet
    Announced,  // NT has it
    Gone,       // NT would not have it, or a driver denied it: no end is told
  };
  struct Process {
    FileTime created = 0;
    FileTime known = 0;  // the time of the youngest fact
    SharedIdentity identity;
    pid_t parent = 0;
    State state = State::Forked;
  };
  using Table = std::unordered_map<pid_t, Process>;

  ProcessListener::Answer announce_start(pid_t pid, Process& process);
  void announce_exit(pid_t pid, const Process& process);
  void end(Table::iterator found);

  ProcessListener& listener_;
  FeedCounters& counters_;
  Table processes_;
};

}  // namespace wdscope
