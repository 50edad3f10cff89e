// SPDX-License-Identifier: MIT
// FILETIMEs as the user's clock shows them.
#pragma once

#include <cstdint>
#include <string>

#include "event/event.h"

namespace wdscope::cli {

// Asks the system once a second of event time, not once an event.
class LocalClock {
 public:
  struct Moment {
    const std::string& day;          // "2026-11-22 (UTC+01:00)": date and offset from UTC
    const std::string& time_of_day;  // "08:30:15"
    unsigned milliseconds;
  };
  // Valid until the next call.
  Moment at(FileTime time);

 private:
  std::int64_t second_ = INT64_MIN;
  std::string day_;
  std::string time_of_day_;
};

}  // namespace wdscope::cli
