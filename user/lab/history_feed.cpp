// SPDX-License-Identifier: MIT
#include "lab/history_feed.h"

#include <cstddef>

#include "lab/command_line.h"
#include "lab/dos_path.h"
#include "lab/nt_path.h"

namespace wdscope {

HistoryFeed::HistoryFeed(const MachineHistory& history, ProcessListener& listener, VirtualClock& clock,
                         FeedCounters& counters)
    : history_(history),
      listener_(listener),
      clock_(clock),
      counters_(counters),
      states_(history.processes.size(), State::Absent) {}

host::ProcessStart& HistoryFeed::describe(const HistoryProcess& process) {
  described_.process_id = process.pid;
  described_.parent_process_id = process.parent_pid;
  described_.created_100ns = process.created != 0 ? process.created : clock_.now();
  described_.image.clear();
  append_nt_path(described_.image, process.image);
  described_.command_line.clear();
  append_utf16(described_.command_line, process.command_line);
  described_.session_id = process.session_id;
  return described_;
}

void HistoryFeed::adopt() {
  for (const std::uint32_t index : history_.running_before) {
    const bool accepted = listener_.adopted(describe(history_.processes[index])) == ProcessListener::Answer::Accepted;
    if (accepted) states_[index] = State::Running;
    if (!accepted) ++counters_.refused;
  }
}

void HistoryFeed::start(std::uint32_t index) {
  host::ProcessStart& process = describe(history_.processes[index]);
  if (process.command_line.size() > kMaximumCommandLineUnits) {
    process.command_line.resize(kMaximumCommandLineUnits);
    ++counters_.clipped;
  }
  switch (listener_.started(process)) {
    case ProcessListener::Answer::Accepted:
      states_[index] = State::Running;
      ++counters_.started;
      break;
    case ProcessListener::Answer::Denied:
      ++counters_.started;
      ++counters_.exited;
      ++counters_.denied;
      break;
    case ProcessListener::Answer::Refused:
      ++counters_.refused;
      break;
  }
}

void HistoryFeed::end(std::uint32_t index) {
  if (states_[index] != State::Running) return;
  listener_.exited(history_.processes[index].pid);
  states_[index] = State::Absent;
  ++counters_.exited;
}

// A history is larger than any cache and goes from one process to another as no processor foresees: what comes soon is
// fetched while the step at hand is played.
void HistoryFeed::fetch_ahead(std::size_t step) const {
  constexpr std::size_t kProcessAhead = 4, kTextsAhead = 2;  // steps
  constexpr std::size_t kCacheLine = 64, kLines = 2;         // of a process; of each of its texts
  const auto fetch = [](const void* start) {
    for (std::size_t line = 0; line < kLines; ++line)
      __builtin_prefetch(static_cast<const std::byte*>(start) + line * kCacheLine);
  };
  if (step + kProcessAhead >= history_.steps.size()) return;
  fetch(&history_.processes[history_.steps[step + kProcessAhead].process]);
  const HistoryStep& next = history_.steps[step + kTextsAhead];
  if (next.kind != HistoryStep::Kind::Start) return;
  fetch(history_.processes[next.process].image.data());
  fetch(history_.processes[next.process].command_line.data());
}

Result<void> HistoryFeed::play(const std::function<Result<void>()>& between) {
  std::size_t told = 0;
  std::size_t steps = 0;
  for (std::size_t index = 0; index < history_.steps.size(); ++index) {
    fetch_ahead(index);
    const HistoryStep& step = history_.steps[index];
    const HistoryProcess& process = history_.processes[step.process];
    told += 2 * (process.image.size() + process.command_line.size());
    if (told > kBurst || ++steps > kBurstSteps) {
      if (auto done = between(); !done) return done;
      told = 0;
      steps = 0;
    }
    clock_.advance_to(step.time);
    if (step.kind == HistoryStep::Kind::Start) {
      start(step.process);
    } else {
      end(step.process);
    }
  }
  return between();
}

}  // namespace wdscope
