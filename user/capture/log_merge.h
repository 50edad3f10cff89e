// SPDX-License-Identifier: MIT
// The records of one machine, each fact once: what both channels tell is told once, with the best of both.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "capture/log_clock.h"
#include "capture/log_record.h"

namespace wdscope {

struct LogFact {
  LogRecord* record;  // of both channels together
  FileTime time = 0;
};

struct MergedFacts {
  std::vector<LogFact> starts;  // by time
  std::vector<LogFact> ends;
  std::size_t told_again = 0;  // records that only repeat another
};

// Completes records with what others tell of the same.
MergedFacts merge_channels(std::span<LogRecord* const> records, const LogClock& clock);

// Sysmon's name for the image of a process that it does not know.
bool is_unknown_image(std::string_view image);

}  // namespace wdscope
