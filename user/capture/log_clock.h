// SPDX-License-Identifier: MIT
// When the records of one machine happened, whatever zone their times were written in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/log_record.h"

namespace wdscope {

class LogClock {
 public:
  // `records`: those of one machine.
  explicit LogClock(std::span<const LogRecord* const> records);

  // UTC, by the best of the record's times: UtcTime, TimeCreated, EventTime, @timestamp.
  FileTime time_of(const LogRecord& record) const;
  // "TimeCreated is 7:00 h ahead of UTC": the corrections that time_of() made use of.
  std::vector<std::string> notes(std::span<const LogRecord* const> records) const;

 private:
  FileTime time_created_offset_ = 0;
  FileTime event_time_offset_ = 0;
  FileTime received_time_offset_ = 0;
};

}  // namespace wdscope
