// SPDX-License-Identifier: MIT
#include "capture/machine_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "capture/in_parallel.h"
#include "capture/log_clock.h"
#include "capture/log_merge.h"
#include "event/ascii_case.h"

namespace wdscope {
namespace {

constexpr FileTime kSlack = 5 * 10'000'000;  // an end may be told this much before its start by another clock
constexpr std::uint64_t kSystemProcessId = 4;

// What the log tells of one machine, and what becomes of it.
struct MachineLog {
  std::string_view host;
  std::vector<LogRecord*> records;
  MachineHistory history;
  std::vector<UnplacedRecord> unplaced;
  std::vector<std::string> notes;
  HistoryCounts counts;
};

// Places the merged facts of one machine.
class MachineBuilder {
 public:
  explicit MachineBuilder(MachineLog& log) : history_(log.history), unplaced_(log.unplaced), counts_(log.counts) {
    history_.host = log.host;
  }

  void build(const MergedFacts& facts) {
    history_.processes.reserve(facts.starts.size());
    lives_.reserve(facts.starts.size());
    by_guid_.reserve(facts.starts.size());
    for (const LogFact& fact : facts.starts) add_start(fact);
    for (const LogFact& fact : facts.ends) add_end(fact);
    for (const LogFact& fact : facts.starts) add_parent(fact);
    make_steps();
    counts_.running_before = history_.running_before.size();
  }

 private:
  struct Life {
    std::string_view guid;
    std::string_view image;
    std::optional<FileTime> start;  // none: ran before the first record
    std::optional<FileTime> end;
  };

  void refuse(const LogFact& fact, std::string_view why) {
    unplaced_.push_back({fact.record->line, fmt::format("the {} of {} on {}: {}",
                                                        fact.record->kind == LogRecord::Kind::Start ? "start" : "end",
                                                        fact.record->image, history_.host, why)});
  }

  static const char* why_no_pid(const std::optional<std::uint64_t>& pid) {
    if (!pid) return "its process id is nowhere in the log";
    if (*pid % 4 != 0 || *pid <= kSystemProcessId) return "its process id is none that Windows gives";
    return nullptr;
  }

  std::uint32_t add(const Life& life, HistoryProcess process) {
    const auto index = static_cast<std::uint32_t>(lives_.size());
    if (!life.guid.empty()) by_guid_.emplace(life.guid, index);
    by_pid_[process.pid].push_back(index);
    lives_.push_back(life);
    history_.processes.push_back(std::move(process));
    return index;
  }

  // Starts come in the order of time, so each id's lives are sorted.
  void add_start(const LogFact& fact) {
    const LogRecord& record = *fact.record;
    if (const char* why = why_no_pid(record.pid)) return refuse(fact, why);
    const auto others = by_pid_.find(*record.pid);
    if (others != by_pid_.end() && lives_[others->second.back()].start == fact.time)
      return refuse(fact, "another process got the same id at the same time");
    HistoryProcess process;
    process.pid = *record.pid;
    process.parent_pid = record.parent_pid.value_or(0);
    process.created = fact.time;
    process.image = record.image;
    process.command_line = record.command_line;
    process.session_id = record.session_id.value_or(0);
    add({record.guid, record.image, fact.time, std::nullopt}, std::move(process));
    ++counts_.starts;
  }

  void add_end(const LogFact& fact) {
    const LogRecord& record = *fact.record;
    std::optional<std::uint32_t> index = life_of_guid(record.guid);
    if (!index) {
      if (const char* why = why_no_pid(record.pid)) return refuse(fact, why);
      index = life_of_pid(fact);
    }
    if (!index) {
      if (ran_meanwhile(*record.pid, fact.time)) return refuse(fact, "its id belonged to another process then");
      index = add_before(*record.pid, record.guid, record.image, {});
    }
    Life& life = lives_[*index];
    if (life.end) return refuse(fact, "that process had ended already");
    life.end = life.start ? std::max(fact.time, *life.start) : fact.time;
    ++counts_.ends;
  }

  std::optional<std::uint32_t> life_of_guid(std::string_view guid) const {
    const auto found = by_guid_.find(guid);
    return guid.empty() || found == by_guid_.end() ? std::nullopt : std::optional(found->second);
  }

  // The last one with that id and image that can have ended then.
  std::optional<std::uint32_t> life_of_pid(const LogFact& fact) const {
    const auto found = by_pid_.find(*fact.record->pid);
    if (found == by_pid_.end()) return std::nullopt;
    for (auto index = found->second.rbegin(); index != found->second.rend(); ++index) {
      const Life& life = lives_[*index];
      const bool same = same_but_case(life.image, fact.record->image) || is_unknown_image(fact.record->image);
      const bool other_guid = !life.guid.empty() && !fact.record->guid.empty() && life.guid != fact.record->guid;
      if (life.end || other_guid || !same) continue;
      if (!life.start || *life.start <= fact.time + kSlack) return *index;
    }
    return std::nullopt;
  }

  bool ran_meanwhile(std::uint64_t pid, FileTime time) const {
    const auto found = by_pid_.find(pid);
    return found != by_pid_.end() && std::any_of(found->second.begin(), found->second.end(), [&](std::uint32_t index) {
             return !lives_[index].start || *lives_[index].start <= time;
           });
  }

  std::uint32_t add_before(std::uint64_t pid, std::string_view guid, std::string_view image,
                           std::string_view command_line) {
    HistoryProcess process;
    process.pid = pid;
    process.image = image;
    process.command_line = command_line;
    const std::uint32_t index = add({guid, image, std::nullopt, std::nullopt}, std::move(process));
    history_.running_before.push_back(index);
    return index;
  }

  // A parent that nobody saw start was there before.
  void add_parent(const LogFact& fact) {
    const LogRecord& record = *fact.record;
    if (why_no_pid(record.parent_pid) != nullptr || record.parent_image.empty()) return;
    if (const auto known = life_of_guid(record.parent_guid)) {
      HistoryProcess& parent = history_.processes[*known];
      if (!lives_[*known].start && parent.command_line.empty()) parent.command_line = record.parent_command_line;
      return;
    }
    if (ran_meanwhile(*record.parent_pid, fact.time)) return;
    add_before(*record.parent_pid, record.parent_guid, record.parent_image, record.parent_command_line);
  }

  void make_steps() {
    struct Step {
      HistoryStep step;
      int rank;  // at one time: an id becomes free, then starts, then ends
    };
    std::vector<Step> steps;
    for (auto& [pid, indices] : by_pid_) {
      std::stable_sort(indices.begin(), indices.end(), [&](std::uint32_t left, std::uint32_t right) {
        return lives_[left].start.value_or(0) < lives_[right].start.value_or(0);
      });
      for (std::size_t i = 0; i < indices.size(); ++i) {
        const Life& life = lives_[indices[i]];
        if (life.start) steps.push_back({{HistoryStep::Kind::Start, *life.start, indices[i]}, 1});
        const auto next = i + 1 < indices.size() ? lives_[indices[i + 1]].start : std::nullopt;
        if (next && (!life.end || *life.end >= *next)) {
          const auto kind = life.end ? HistoryStep::Kind::End : HistoryStep::Kind::MissingEnd;
          steps.push_back({{kind, *next, indices[i]}, 0});
          if (!life.end) ++counts_.missing_ends;
        } else if (life.end) {
          steps.push_back({{HistoryStep::Kind::End, *life.end, indices[i]}, 2});
        }
      }
    }
    // Lives were numbered in the order of their starts: so are starts of one time.
    std::sort(steps.begin(), steps.end(), [](const Step& left, const Step& right) {
      return std::tie(left.step.time, left.rank, left.step.process) <
             std::tie(right.step.time, right.rank, right.step.process);
    });
    history_.steps.reserve(steps.size());
    for (const Step& step : steps) history_.steps.push_back(step.step);
  }

  MachineHistory& history_;
  std::vector<Life> lives_;  // as history_.processes
  std::unordered_map<std::string_view, std::uint32_t> by_guid_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_pid_;
  std::vector<UnplacedRecord>& unplaced_;
  HistoryCounts& counts_;
};

std::vector<MachineLog> divide_by_machine(std::vector<LogRecord>& records) {
  std::vector<MachineLog> machines;
  std::unordered_map<std::string_view, std::size_t, HashButCase, EqualButCase> places;
  for (LogRecord& record : records) {
    const auto [place, fresh] = places.try_emplace(record.host, machines.size());
    if (fresh) machines.emplace_back().host = record.host;
    MachineLog& machine = machines[place->second];
    ++(record.kind == LogRecord::Kind::Start ? machine.counts.start_records : machine.counts.end_records);
    machine.records.push_back(&record);
  }
  return machines;
}

void make_machine(MachineLog& machine) {
  const LogClock clock(machine.records);
  machine.notes = clock.notes(machine.records);
  const MergedFacts facts = merge_channels(machine.records, clock);
  machine.counts.told_again = facts.told_again;
  MachineBuilder(machine).build(facts);
}

void add(HistoryCounts& sum, const HistoryCounts& counts) {
  sum.start_records += counts.start_records;
  sum.end_records += counts.end_records;
  sum.starts += counts.starts;
  sum.ends += counts.ends;
  sum.told_again += counts.told_again;
  sum.running_before += counts.running_before;
  sum.missing_ends += counts.missing_ends;
}

}  // namespace

ProcessHistory make_history(ProcessLog& log) {
  std::vector<MachineLog> machines = divide_by_machine(log.records);
  in_parallel(machines.size(), [&](std::size_t index) { make_machine(machines[index]); });

  ProcessHistory history;
  for (MachineLog& machine : machines) {
    for (const std::string& note : machine.notes) history.notes.push_back(fmt::format("{}: {}", machine.host, note));
    history.unplaced.insert(history.unplaced.end(), machine.unplaced.begin(), machine.unplaced.end());
    add(history.counts, machine.counts);
    history.machines.push_back(std::move(machine.history));
  }
  std::ranges::stable_sort(history.unplaced, {}, &UnplacedRecord::line);
  return history;
}

}  // namespace wdscope
