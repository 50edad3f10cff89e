// SPDX-License-Identifier: MIT
// One line of a Windows event log as JSON: the start or end of a process as Sysmon (1, 5) or the Security log
// (4688, 4689) tells it, in the flat form of the usual collectors (NXLog, Winlogbeat with its fields renamed).
//
// Where a collector lost a field of the event (NXLog overwrites ProcessId with its own ProcessID on some versions), it
// is taken from the event's Message, which repeats them. `ProcessID` and `ExecutionProcessID`, the ids of whoever wrote
// the event, are never taken for the process.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "event/event.h"
#include "event/result.h"

namespace wdscope {

// Texts point into the line that the record was read from.
struct LogRecord {
  enum class Channel : std::uint8_t { Sysmon, Security };
  enum class Kind : std::uint8_t { Start, End };

  std::size_t line = 0;  // of the file, from 1
  Channel channel = Channel::Sysmon;
  Kind kind = Kind::Start;
  std::string_view host;

  // The times that the record has, each as it is written: only Sysmon's own is surely UTC.
  std::optional<FileTime> utc_time;       // UtcTime
  std::optional<FileTime> time_created;   // TimeCreated
  std::optional<FileTime> event_time;     // EventTime: to the second, often local
  std::optional<FileTime> received_time;  // @timestamp

  std::optional<std::uint64_t> pid;
  std::string_view guid;  // Sysmon's ProcessGuid, lower case; empty: none
  std::string_view image;
  std::string_view command_line;
  std::optional<std::uint64_t> parent_pid;
  std::string_view parent_guid;
  std::string_view parent_image;
  std::string_view parent_command_line;
  std::optional<std::uint32_t> session_id;
};

// Reads a line in place, which changes it: texts lose their escapes where they stand. A NUL must stand behind it.
// Nothing for a record of another channel or event. InputDamaged, with "COLUMN: " before what is wrong, that of the
// field's name or the line's first: no JSON object; a start or end without host, time or image, or with one that is
// none.
Result<std::optional<LogRecord>> read_log_record(std::span<char> line);

}  // namespace wdscope
