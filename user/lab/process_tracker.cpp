// SPDX-License-Identifier: MIT
#include "lab/process_tracker.h"

#include <algorithm>
#include <unordered_set>

namespace wdscope {
namespace {

constexpr pid_t kInit = 1;

host::ProcessStart describe(pid_t pid, pid_t parent, FileTime created, const ProcessIdentity& identity) {
  host::ProcessStart start;
  start.process_id = to_nt_pid(pid);
  start.parent_process_id = to_nt_pid(parent);
  start.created_100ns = created;
  start.image = identity.image;
  start.command_line = identity.command_line;
  start.session_id = identity.session_id;
  return start;
}

}  // namespace

ProcessTracker::ProcessTracker(ProcessListener& listener, FeedCounters& counters)
    : listener_(listener), counters_(counters) {}

ProcessListener::Answer ProcessTracker::announce_start(pid_t pid, Process& process) {
  if (pid == kInit) {
    process.state = State::Announced;
    return ProcessListener::Answer::Accepted;
  }
  const auto answer = listener_.started(describe(pid, process.parent, process.created, *process.identity));
  if (answer == ProcessListener::Answer::Refused) {
    process.state = State::Gone;
    ++counters_.refused;
    return answer;
  }
  process.state = State::Announced;
  ++counters_.started;
  if (answer == ProcessListener::Answer::Denied) {
    process.state = State::Gone;
    ++counters_.exited;
    ++counters_.denied;
  }
  if (process.identity->knowledge == ProcessIdentity::Knowledge::Partial) ++counters_.incomplete;
  if (process.identity->command_line_clipped) ++counters_.clipped;
  return answer;
}

void ProcessTracker::announce_exit(pid_t pid, const Process& process) {
  if (pid == kInit || process.state != State::Announced) return;
  listener_.exited(to_nt_pid(pid));
  ++counters_.exited;
}

void ProcessTracker::end(Table::iterator found) {
  auto& [pid, process] = *found;
  if (process.state == State::Forked) announce_start(pid, process);
  announce_exit(pid, process);
  processes_.erase(found);
}

void ProcessTracker::adopt(const RunningProcess& running) {
  if (processes_.contains(running.pid)) return;
  Process process;
  process.created = running.created;
  process.known = running.seen;
  process.identity = running.identity;
  process.parent = running.parent;
  process.state = State::Announced;
  if (running.pid != kInit) {
    const auto start = describe(running.pid, running.parent, running.created, *running.identity);
    if (listener_.adopted(start) == ProcessListener::Answer::Refused) process.state = State::Gone;
  }
  processes_.emplace(running.pid, std::move(process));
}

void ProcessTracker::forked(pid_t parent, pid_t child, FileTime time) {
  FileTime created = time;
  if (const auto known = processes_.find(child); known != processes_.end()) {
    if (time <= known->second.known) return;
    created = std::max(created, known->second.created + 1);
    end(known);
  }
  Process process;
  process.created = created;
  process.known = time;
  process.parent = parent;
  const auto forker = processes_.find(parent);
  process.identity = forker != processes_.end() ? forker->second.identity : unknown_identity();
  processes_.emplace(child, std::move(process));
}

ProcessListener::Answer ProcessTracker::executed(pid_t pid, SharedIdentity identity, FileTime time,
                                                 std::optional<pid_t> parent_hint) {
  auto found = processes_.find(pid);
  if (found == processes_.end()) {
    Process process;
    process.parent = parent_hint.value_or(0);
    found = processes_.emplace(pid, std::move(process)).first;
  } else if (time <= found->second.known && found->second.state != State::Forked) {
    return ProcessListener::Answer::Accepted;
  }
  Process& process = found->second;
  announce_exit(pid, process);
  process.created = std::max(time, process.created + 1);
  process.known = std::max(time, process.known);
  process.identity = std::move(identity);
  return announce_start(pid, process);
}

void ProcessTracker::exited(pid_t pid, FileTime time) {
  const auto found = processes_.find(pid);
  if (found == processes_.end() || time < found->second.known) return;
  end(found);
}

void ProcessTracker::reconcile(const std::vector<RunningProcess>& running, FileTime begun) {
  std::unordered_set<pid_t> seen;
  for (const RunningProcess& process : running) seen.insert(process.pid);
  std::vector<pid_t> gone;
  for (const auto& [pid, process] : processes_)
    if (process.known < begun && !seen.contains(pid)) gone.push_back(pid);
  for (const pid_t pid : gone) end(processes_.find(pid));

  for (const RunningProcess& now : running) {
    auto found = processes_.find(now.pid);
    // Its start is rounded down, so only a pid that was surely given away after our last fact counts as reused.
    if (found != processes_.end() && now.created > found->second.known) {
      end(found);
      found = processes_.end();
    }
    if (found == processes_.end()) {
      forked(now.parent, now.pid, now.created);
      found = processes_.find(now.pid);
      Process& process = found->second;
      process.identity = now.identity;
      process.known = now.seen;
      if (now.kind == RunningProcess::Kind::User) announce_start(now.pid, process);
      continue;
    }
    Process& process = found->second;
    // Programs rewrite their command lines; only another image proves an exec.
    const bool another_image =
        now.identity->knowledge == ProcessIdentity::Knowledge::Whole && process.identity->image != now.identity->image;
    if (now.seen > process.known && another_image) executed(now.pid, now.identity, now.seen);
  }
}

}  // namespace wdscope
