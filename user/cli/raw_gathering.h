// SPDX-License-Identifier: MIT
// Raw records for a calibration, as they come from a command that runs in the lab.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/observations.h"
#include "cli/arguments.h"
#include "event/result.h"

namespace wdscope::cli {

struct RawGathering {
  calibrate::Collector collector;
  std::vector<std::string> words;  // where it comes from
  bool lost = false;
  std::optional<Error> damage;  // of a recording; what was whole is there
};

// Whole records.
Result<void> gather_records(RawGathering& gathering, std::span<const std::byte> records);

// Blocks until the command has ended. Errors as Lab::start, Lab::run, RawCapture; on Windows SourceUnavailable.
Result<void> gather_from_command(const Arguments& arguments, RawGathering& gathering);

}  // namespace wdscope::cli
