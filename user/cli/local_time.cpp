// SPDX-License-Identifier: MIT
#include "cli/local_time.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

namespace wdscope::cli {

LocalClock::Moment LocalClock::at(FileTime time) {
  constexpr std::int64_t kTicksPerSecond = 10'000'000;
  constexpr std::int64_t kUnixEpochSeconds = 11'644'473'600;  // 1601-01-01 to 1970-01-01
  const std::int64_t second = time / kTicksPerSecond;
  if (second != second_) {
    const std::time_t unix_time = second - kUnixEpochSeconds;
    std::tm local = {};
    // Fails for a year beyond int only, which a FILETIME does not reach.
    localtime_r(&unix_time, &local);
    const long offset_minutes = local.tm_gmtoff / 60;
    day_ = fmt::format("{:04}-{:02}-{:02} (UTC{}{:02}:{:02})", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                       offset_minutes < 0 ? '-' : '+', std::labs(offset_minutes) / 60, std::labs(offset_minutes) % 60);
    time_of_day_ = fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
    second_ = second;
  }
  return {day_, time_of_day_, static_cast<unsigned>(time % kTicksPerSecond / 10'000 % 1000)};
}

}  // namespace wdscope::cli
