// SPDX-License-Identifier: MIT
#include "capture/log_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace wdscope {
namespace {

constexpr FileTime kMinute = 60LL * 10'000'000;
constexpr FileTime kQuarter = 15 * kMinute;  // zones differ by quarters of an hour

using TimeMember = std::optional<FileTime> LogRecord::*;

FileTime nearest_quarter(FileTime distance) {
  const FileTime half = distance >= 0 ? kQuarter / 2 : -kQuarter / 2;
  return (distance + half) / kQuarter * kQuarter;
}

// How far `told` is ahead of `reference`, in quarters of an hour: what most records say, 0 if none does.
FileTime offset_between(std::span<const LogRecord* const> records, TimeMember told, TimeMember reference) {
  std::vector<FileTime> offsets;
  for (const LogRecord* record : records) {
    if (record->*told && record->*reference)
      offsets.push_back(nearest_quarter(*(record->*told) - *(record->*reference)));
  }
  if (offsets.empty()) return 0;
  const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
  std::nth_element(offsets.begin(), middle, offsets.end());
  return *middle;
}

bool has_utc(std::span<const LogRecord* const> records, TimeMember beside) {
  return std::any_of(records.begin(), records.end(),
                     [&](const LogRecord* record) { return record->utc_time && record->*beside; });
}

}  // namespace

LogClock::LogClock(std::span<const LogRecord* const> records)
    : time_created_offset_(offset_between(records, &LogRecord::time_created, &LogRecord::utc_time)),
      event_time_offset_(has_utc(records, &LogRecord::event_time)
                             ? offset_between(records, &LogRecord::event_time, &LogRecord::utc_time)
                             : offset_between(records, &LogRecord::event_time, &LogRecord::received_time)),
      received_time_offset_(offset_between(records, &LogRecord::received_time, &LogRecord::utc_time)) {}

FileTime LogClock::time_of(const LogRecord& record) const {
  if (record.utc_time) return *record.utc_time;
  if (record.time_created) return *record.time_created - time_created_offset_;
  if (record.event_time) return *record.event_time - event_time_offset_;
  return record.received_time.value_or(0) - received_time_offset_;
}

std::vector<std::string> LogClock::notes(std::span<const LogRecord* const> records) const {
  std::vector<std::string> lines;
  const auto note = [&](std::string_view field, FileTime offset, auto uses) {
    if (offset == 0 || std::none_of(records.begin(), records.end(), uses)) return;
    const auto minutes = std::abs(offset) / kMinute;
    lines.push_back(fmt::format("{} is {}:{:02} h {} UTC, and was corrected", field, minutes / 60, minutes % 60,
                                offset > 0 ? "ahead of" : "behind"));
  };
  note("TimeCreated", time_created_offset_,
       [](const LogRecord* record) { return !record->utc_time && record->time_created; });
  note("EventTime", event_time_offset_,
       [](const LogRecord* record) { return !record->utc_time && !record->time_created && record->event_time; });
  note("@timestamp", received_time_offset_,
       [](const LogRecord* record) { return !record->utc_time && !record->time_created && !record->event_time; });
  return lines;
}

}  // namespace wdscope
