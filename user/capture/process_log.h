// SPDX-License-Identifier: MIT
// A file of event-log lines: all of it, or the first thing wrong with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

#include "capture/log_record.h"
#include "capture/log_text.h"
#include "event/result.h"

namespace wdscope {

struct ProcessLog {
  LogText text;
  std::size_t lines = 0;
  std::size_t other_records = 0;  // of other channels and events
  std::vector<LogRecord> records;
};

// One JSON object a line; empty lines and a byte order mark at the beginning are passed over. Large texts are read by
// as many threads as there are processors. InputDamaged with "NAME:LINE: " or "NAME:LINE:COLUMN: " before what was
// expected.
Result<ProcessLog> parse_process_log(LogText text, std::string_view name);
// InputUnreadable too.
Result<ProcessLog> load_process_log(const std::filesystem::path& file);

}  // namespace wdscope
