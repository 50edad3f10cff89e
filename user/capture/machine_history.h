// SPDX-License-Identifier: MIT
// What happened to the processes of one or several Windows machines, put together from log records: each start and end
// once, in the order of time.
//
// Records are facts that may be told twice (by Sysmon and by the Security log), late, out of order, or not at all:
// - A start and its copy in the other channel are one: same id and image (where a collector lost the id: same image,
//   command line and parent), at most five seconds apart. Sysmon's time is taken, it alone is surely UTC.
// - The other times may be local. How far they are off is learnt from Sysmon's records of the same machine.
// - An end belongs to the start with the same ProcessGuid, else to the last process of that id and image.
// - A process that only ends, or is only somebody's parent, ran before the first record.
// - An id that is given away again before its process' end was told ends that process: a missing end.
// What fits nowhere is listed with its line and the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/process_log.h"
#include "event/event.h"

namespace wdscope {

struct HistoryProcess {
  std::uint64_t pid = 0;
  std::uint64_t parent_pid = 0;  // 0: nobody told
  FileTime created = 0;          // 0: before the first record
  std::string image;             // as the log has it, usually a DOS path
  std::string command_line;
  std::uint32_t session_id = 0;
};

struct HistoryStep {
  enum class Kind : std::uint8_t {
    Start,
    End,
    MissingEnd,  // not told: its id is about to be another's
  };
  Kind kind = Kind::Start;
  FileTime time = 0;
  std::uint32_t process = 0;  // index into MachineHistory::processes
};

struct MachineHistory {
  std::string host;
  std::vector<HistoryProcess> processes;
  std::vector<std::uint32_t> running_before;
  std::vector<HistoryStep> steps;  // times never run backwards
};

struct UnplacedRecord {
  std::size_t line = 0;
  std::string what;  // "the end of C:\...: no process id"
};

struct HistoryCounts {
  std::size_t start_records = 0;
  std::size_t end_records = 0;
  std::size_t starts = 0;  // told once or more, and placed
  std::size_t ends = 0;
  std::size_t told_again = 0;  // records that only repeat another
  std::size_t running_before = 0;
  std::size_t missing_ends = 0;
};

struct ProcessHistory {
  std::vector<MachineHistory> machines;  // in the order of their first records
  std::vector<UnplacedRecord> unplaced;
  std::vector<std::string> notes;  // what was corrected: "HOST: times of TimeCreated are 7 h behind UTC"
  HistoryCounts counts;
};

// Each machine's by itself, on as many threads as there are processors. Completes the log's records with what others
// tell of the same.
ProcessHistory make_history(ProcessLog& log);

}  // namespace wdscope
