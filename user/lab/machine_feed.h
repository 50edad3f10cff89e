// SPDX-License-Identifier: MIT
// A feed of every process of this machine, by the process connector.
//
// Two threads: one empties the socket and reads each new image's process folder at once, before a short-lived process
// is gone; the other announces in the order of the messages. After an overflow the first compares /proc with what is
// known (ProcessTracker::reconcile); it also does so at the beginning, for what happened since the lab was started.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <variant>
#include <vector>

#include "event/result.h"
#include "lab/connector_socket.h"
#include "lab/feed_counters.h"
#include "lab/lab_clock.h"
#include "lab/process_tracker.h"

namespace wdscope {

class MachineFeed {
 public:
  // All four must outlive the feed; nobody else uses the tracker meanwhile. NotPermitted as ConnectorSocket::listen().
  static Result<std::unique_ptr<MachineFeed>> start(ProcessTracker& tracker, const LabClock& clock,
                                                    FeedCounters& counters);
  // Announces what happened until now, then ends.
  ~MachineFeed();

  MachineFeed(const MachineFeed&) = delete;
  MachineFeed& operator=(const MachineFeed&) = delete;

 private:
  struct Forked {
    pid_t parent, child;
    FileTime time;
  };
  struct Executed {
    pid_t pid;
    std::optional<pid_t> parent_hint;
    FileTime time;
    SharedIdentity identity;
  };
  struct Exited {
    pid_t pid;
    FileTime time;
  };
  struct Reconciled {
    std::vector<RunningProcess> running;
    FileTime begun;
  };
  using Happening = std::variant<Forked, Executed, Exited, Reconciled>;

  MachineFeed(ConnectorSocket socket, int stop_file, ProcessTracker& tracker, const LabClock& clock,
              FeedCounters& counters);
  void read_socket();
  void drain_socket();
  void note(const ConnectorEvent& event);
  void note_exit(const ConnectorEvent& event, FileTime time);
  void reconcile();
  void push(Happening happening);
  void announce();

  ConnectorSocket socket_;
  const int stop_file_;
  ProcessTracker& tracker_;
  const LabClock& clock_;
  FeedCounters& counters_;

  // The reader's.
  ConnectorGaps gaps_;
  std::uint64_t lost_by_number_ = 0;
  std::uint64_t overflows_ = 0;
  std::unordered_set<pid_t> leaderless_;  // processes whose leading thread ended before the others

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Happening> queue_;
  bool reader_done_ = false;

  std::thread announcer_;
  std::thread reader_;
};

}  // namespace wdscope
