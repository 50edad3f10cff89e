// SPDX-License-Identifier: MIT
// The closing lines: what came, what was lost, what was odd.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/filter_sink.h"
#include "cli/tally.h"
#include "event/source.h"
#include "lab/lab.h"

namespace wdscope::cli {

struct Account {
  Tally tally;
  SourceCounts counts;
  std::uint64_t without_record = 0;  // notifications that the observer could make no record of
  std::optional<FeedCounts> feed;    // live sessions
  std::optional<FilterCounts> filter;
  std::optional<std::chrono::milliseconds> duration;

  bool lost_anything() const;
};

// Losses first and in capitals, if there are any; without the leading "wdscope: ".
std::vector<std::string> loss_lines(const Account& account);
std::vector<std::string> summary_lines(const Account& account);

}  // namespace wdscope::cli
