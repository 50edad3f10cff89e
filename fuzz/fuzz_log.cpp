// SPDX-License-Identifier: MIT
// Any text as an event log. What is taken is accounted for: each record starts or ends a process, repeats another, or
// is listed; the steps of a machine never run backwards, and each process starts before it ends, once.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/machine_history.h"
#include "require.h"

using namespace wdscope;

namespace {

void check(const MachineHistory& machine) {
  enum class State : std::uint8_t { Absent, Running, Gone };
  std::vector<State> states(machine.processes.size(), State::Absent);
  std::unordered_map<std::uint64_t, std::uint32_t> running;
  for (const std::uint32_t index : machine.running_before) {
    fuzz::require(running.emplace(machine.processes[index].pid, index).second, "before, each id is one process");
    states[index] = State::Running;
  }
  FileTime now = machine.steps.empty() ? 0 : machine.steps.front().time;
  for (const HistoryStep& step : machine.steps) {
    fuzz::require(step.time >= now, "time does not run backwards");
    now = step.time;
    const std::uint64_t pid = machine.processes[step.process].pid;
    fuzz::require(pid % 4 == 0 && pid > 4, "an id is one that NT gives");
    if (step.kind == HistoryStep::Kind::Start) {
      fuzz::require(states[step.process] == State::Absent, "a process starts once");
      fuzz::require(running.emplace(pid, step.process).second, "an id is one process at a time");
      states[step.process] = State::Running;
    } else {
      fuzz::require(states[step.process] == State::Running, "who ends was there");
      running.erase(pid);
      states[step.process] = State::Gone;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto log = parse_process_log(LogText({reinterpret_cast<const char*>(data), size}), "log");
  if (!log) {
    fuzz::require(log.error().what.starts_with("log:"), "an error names its place");
    return 0;
  }
  const ProcessHistory history = make_history(*log);
  const HistoryCounts& counts = history.counts;
  fuzz::require(counts.start_records + counts.end_records == log->records.size(), "each record is a start or an end");
  fuzz::require(counts.starts + counts.ends + counts.told_again + history.unplaced.size() == log->records.size(),
                "each record is accounted for");
  for (const MachineHistory& machine : history.machines) check(machine);
  return 0;
}
