// SPDX-License-Identifier: MIT
#include "lab/machine_feed.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lab/process_folder.h"

namespace wdscope {
namespace {

// Beyond this the socket's own buffer holds what comes, and counts what it cannot hold.
constexpr std::size_t kMaximumQueued = 8192;

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

Result<std::unique_ptr<MachineFeed>> MachineFeed::start(ProcessTracker& tracker, const LabClock& clock,
                                                        FeedCounters& counters) {
  auto socket = ConnectorSocket::listen();
  if (!socket) return tl::unexpected(socket.error());
  const int stop_file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_file < 0) {
    const int error = errno;
    return failure(ErrorCode::SourceUnavailable, std::string("cannot make an event: ") + std::strerror(error), {},
                   error);
  }
  return std::unique_ptr<MachineFeed>(new MachineFeed(std::move(*socket), stop_file, tracker, clock, counters));
}

MachineFeed::MachineFeed(ConnectorSocket socket, int stop_file, ProcessTracker& tracker, const LabClock& clock,
                         FeedCounters& counters)
    : socket_(std::move(socket)), stop_file_(stop_file), tracker_(tracker), clock_(clock), counters_(counters) {
  // Before anybody relies on the feed: while /proc is walked, short-lived processes would be gone before their turn.
  reconcile();
  announcer_ = std::thread([this] { announce(); });
  reader_ = std::thread([this] { read_socket(); });
}

MachineFeed::~MachineFeed() {
  eventfd_write(stop_file_, 1);
  reader_.join();
  announcer_.join();
  close(stop_file_);
}

void MachineFeed::read_socket() {
  for (;;) {
    pollfd ready[2] = {{socket_.file(), POLLIN, 0}, {stop_file_, POLLIN, 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) break;
    // Also when told to stop: what happened before is in the socket by now.
    drain_socket();
    if (ready[1].revents != 0) break;
  }
  const std::scoped_lock lock(mutex_);
  reader_done_ = true;
  changed_.notify_all();
}

void MachineFeed::drain_socket() {
  bool overflowed = false;
  for (;;) {
    const auto read = socket_.read([this](const ConnectorEvent& event) { note(event); });
    if (read == ConnectorSocket::Read::Overflowed) {
      overflowed = true;
      ++overflows_;
    }
    if (read == ConnectorSocket::Read::Empty) break;
  }
  if (!overflowed) return;
  // The numbers show a loss only when a later message of the same processor comes; an overflow is at least one.
  counters_.lost = std::max(lost_by_number_, overflows_);
  reconcile();
}

void MachineFeed::note(const ConnectorEvent& event) {
  if (const std::uint64_t missing = gaps_.note(event); missing != 0) {
    lost_by_number_ += missing;
    counters_.lost = std::max(lost_by_number_, overflows_);
  }
  const FileTime time = clock_.from_monotonic(event.monotonic_ns);
  switch (event.kind) {
    case ConnectorEvent::Kind::Fork:
      if (event.thread == event.process) push(Forked{event.parent, event.process, time});
      break;
    case ConnectorEvent::Kind::Exec: {
      leaderless_.erase(event.process);
      auto identity = read_identity(event.process);
      const auto stat = read_stat(event.process);
      push(Executed{event.process, stat ? std::optional(stat->parent) : std::nullopt, time, std::move(identity)});
      break;
    }
    case ConnectorEvent::Kind::Exit:
      note_exit(event, time);
      break;
    default:
      break;
  }
}

// A process ends with its last thread; the connector tells of threads.
void MachineFeed::note_exit(const ConnectorEvent& event, FileTime time) {
  const bool leader = event.thread == event.process;
  if (!leader && !leaderless_.contains(event.process)) return;
  const auto stat = read_stat(event.process);
  // Same pid and alive: an exec by another thread, which took the leader's id, or already the next process there.
  const bool alive = stat && !stat->ended();
  if (alive) {
    if (stat->state == 'Z') leaderless_.insert(event.process);
    return;
  }
  leaderless_.erase(event.process);
  push(Exited{event.process, time});
}

void MachineFeed::reconcile() {
  const FileTime begun = clock_.now();
  push(Reconciled{read_running_processes(clock_), begun});
}

void MachineFeed::push(Happening happening) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kMaximumQueued; });
  queue_.push_back(std::move(happening));
  changed_.notify_all();
}

void MachineFeed::announce() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty() || reader_done_; });
    if (queue_.empty()) return;
    const Happening happening = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    lock.unlock();
    std::visit(Overloaded{
                   [this](const Forked& it) { tracker_.forked(it.parent, it.child, it.time); },
                   [this](const Executed& it) { tracker_.executed(it.pid, it.identity, it.time, it.parent_hint); },
                   [this](const Exited& it) { tracker_.exited(it.pid, it.time); },
                   [this](const Reconciled& it) { tracker_.reconcile(it.running, it.begun); },
               },
               happening);
  }
}

}  // namespace wdscope
