// SPDX-License-Identifier: MIT
#include "capture/log_merge.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "event/ascii_case.h"

namespace wdscope {
namespace {

constexpr FileTime kTolerance = 5 * 10'000'000;  // between the channels, or a collector and the event

using Facts = std::vector<LogFact>;
using PidsByGuid = std::unordered_map<std::string_view, std::uint64_t>;

std::string_view without_trailing_spaces(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Value>
bool agree(const std::optional<Value>& left, const std::optional<Value>& right) {
  return !left || !right || *left == *right;
}

bool same_fact(const LogRecord& left, const LogRecord& right) {
  if (!agree(left.pid, right.pid) || !agree(left.parent_pid, right.parent_pid)) return false;
  const bool same_id = left.pid && right.pid;
  const bool images_agree = same_but_case(left.image, right.image) ||
                            (same_id && (is_unknown_image(left.image) || is_unknown_image(right.image)));
  const bool lines_agree = left.command_line.empty() || right.command_line.empty() ||
                           without_trailing_spaces(left.command_line) == without_trailing_spaces(right.command_line);
  return images_agree && (same_id || lines_agree);
}

// What the other channel tells beside Sysmon's record.
void complete(LogRecord& record, const LogRecord& other) {
  if (!record.pid) record.pid = other.pid;
  if (!record.parent_pid) record.parent_pid = other.parent_pid;
  if (is_unknown_image(record.image)) record.image = other.image;
  if (record.command_line.empty()) record.command_line = other.command_line;
  if (record.parent_image.empty()) record.parent_image = other.parent_image;
}

// Who a record without a guid is of.
struct Identity {
  std::uint64_t pid;
  FileTime time;
  std::string_view image;

  bool operator==(const Identity& other) const {
    return pid == other.pid && time == other.time && same_but_case(image, other.image);
  }
};
struct HashIdentity {
  std::size_t operator()(const Identity& identity) const {
    return HashButCase()(identity.image) ^
           std::hash<std::uint64_t>()(identity.pid + 31 * static_cast<std::uint64_t>(identity.time));
  }
};

// Collectors send again what they are not sure to have sent.
std::size_t drop_repeated(Facts& facts) {
  std::unordered_set<std::string_view> guids;
  std::unordered_set<Identity, HashIdentity> identities;
  guids.reserve(facts.size());
  return std::erase_if(facts, [&](const LogFact& fact) {
    const LogRecord& record = *fact.record;
    if (!record.guid.empty()) return !guids.insert(record.guid).second;
    return record.pid && !identities.insert({*record.pid, fact.time, record.image}).second;
  });
}

// Stable.
void sort_by_time(Facts& facts) {
  std::ranges::stable_sort(facts, {}, &LogFact::time);
}

// Finds the first fact of one channel, near in time and not taken yet, that tells the same as one of the other.
class FactIndex {
 public:
  explicit FactIndex(const Facts& facts) : facts_(facts), taken_(facts.size()) {
    for (std::size_t i = 0; i < facts.size(); ++i) {
      by_image_[facts[i].record->image].push_back(i);
      if (facts[i].record->pid) by_pid_[*facts[i].record->pid].push_back(i);
    }
  }

  const LogFact* take(const LogFact& wanted) {
    const std::vector<std::size_t>* near = nullptr;
    if (wanted.record->pid) {
      const auto found = by_pid_.find(*wanted.record->pid);
      if (found != by_pid_.end()) near = &found->second;
    }
    if (near == nullptr) {
      const auto found = by_image_.find(wanted.record->image);
      if (found == by_image_.end()) return nullptr;
      near = &found->second;
    }
    auto place = std::lower_bound(near->begin(), near->end(), wanted.time - kTolerance,
                                  [&](std::size_t index, FileTime time) { return facts_[index].time < time; });
    for (; place != near->end() && facts_[*place].time <= wanted.time + kTolerance; ++place) {
      if (taken_[*place] || !same_fact(*wanted.record, *facts_[*place].record)) continue;
      taken_[*place] = true;
      return &facts_[*place];
    }
    return nullptr;
  }
  bool taken(std::size_t index) const { return taken_[index]; }

 private:
  const Facts& facts_;
  std::vector<bool> taken_;
  std::unordered_map<std::string_view, std::vector<std::size_t>, HashButCase, EqualButCase> by_image_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_pid_;
};

// Both sorted by time; `sysmon` becomes everything.
std::size_t merge(Facts& sysmon, Facts security) {
  std::size_t told_again = drop_repeated(sysmon) + drop_repeated(security);
  if (security.empty()) return told_again;
  FactIndex index(security);
  for (const LogFact& fact : sysmon) {
    if (const LogFact* other = index.take(fact)) {
      complete(*fact.record, *other->record);
      ++told_again;
    }
  }
  for (std::size_t i = 0; i < security.size(); ++i)
    if (!index.taken(i)) sysmon.push_back(security[i]);
  sort_by_time(sysmon);
  return told_again;
}

bool lacks_pid(const LogFact& fact) {
  const LogRecord& record = *fact.record;
  return (!record.pid && !record.guid.empty()) || (!record.parent_pid && !record.parent_guid.empty());
}

void learn_pids(PidsByGuid& pids, const Facts& facts) {
  for (const LogFact& fact : facts) {
    const LogRecord& record = *fact.record;
    if (!record.guid.empty() && record.pid) pids.emplace(record.guid, *record.pid);
    if (!record.parent_guid.empty() && record.parent_pid) pids.emplace(record.parent_guid, *record.parent_pid);
  }
}

void fill_pids(const PidsByGuid& pids, const Facts& facts) {
  const auto fill = [&](std::string_view guid, std::optional<std::uint64_t>& pid) {
    const auto found = pids.find(guid);
    if (!pid && found != pids.end()) pid = found->second;
  };
  for (const LogFact& fact : facts) {
    fill(fact.record->guid, fact.record->pid);
    fill(fact.record->parent_guid, fact.record->parent_pid);
  }
}

}  // namespace

bool is_unknown_image(std::string_view image) {
  return image == "<unknown process>";
}

MergedFacts merge_channels(std::span<LogRecord* const> records, const LogClock& clock) {
  Facts sysmon_starts, security_starts, sysmon_ends, security_ends;
  for (LogRecord* record : records) {
    const bool start = record->kind == LogRecord::Kind::Start;
    const bool sysmon = record->channel == LogRecord::Channel::Sysmon;
    auto& list = start ? (sysmon ? sysmon_starts : security_starts) : (sysmon ? sysmon_ends : security_ends);
    list.push_back({record, clock.time_of(*record)});
  }
  for (auto* list : {&sysmon_starts, &security_starts, &sysmon_ends, &security_ends}) sort_by_time(*list);

  // What one record lost, another with the same guid may tell.
  const bool some_lack = std::ranges::any_of(sysmon_starts, lacks_pid) || std::ranges::any_of(sysmon_ends, lacks_pid);
  PidsByGuid pids;
  if (some_lack) {
    learn_pids(pids, sysmon_starts);
    learn_pids(pids, sysmon_ends);
    fill_pids(pids, sysmon_starts);
  }
  MergedFacts merged;
  merged.told_again = merge(sysmon_starts, std::move(security_starts));
  if (some_lack) {
    learn_pids(pids, sysmon_starts);
    fill_pids(pids, sysmon_starts);
    fill_pids(pids, sysmon_ends);
  }
  merged.told_again += merge(sysmon_ends, std::move(security_ends));
  merged.starts = std::move(sysmon_starts);
  merged.ends = std::move(sysmon_ends);
  return merged;
}

}  // namespace wdscope
