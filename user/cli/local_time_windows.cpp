// SPDX-License-Identifier: MIT
#include "cli/local_time.h"

#include <fmt/format.h>
#include <windows.h>

#include <cstdlib>

namespace wdscope::cli {
namespace {

constexpr std::int64_t kTicksPerSecond = 10'000'000;

std::int64_t seconds_of(const SYSTEMTIME& time) {
  FILETIME file = {};
  SystemTimeToFileTime(&time, &file);
  return static_cast<std::int64_t>(std::uint64_t{file.dwHighDateTime} << 32 | file.dwLowDateTime) / kTicksPerSecond;
}

}  // namespace

LocalClock::Moment LocalClock::at(FileTime time) {
  const std::int64_t second = time / kTicksPerSecond;
  if (second != second_) {
    const std::int64_t whole = second * kTicksPerSecond;
    const FILETIME file{static_cast<DWORD>(whole), static_cast<DWORD>(whole >> 32)};
    SYSTEMTIME utc = {};
    SYSTEMTIME local = {};
    // By the rules that were in force then. Times that Windows cannot tell are shown as they are, in UTC.
    FileTimeToSystemTime(&file, &utc);
    if (SystemTimeToTzSpecificLocalTime(nullptr, &utc, &local) == 0) local = utc;
    const std::int64_t offset_minutes = (seconds_of(local) - seconds_of(utc)) / 60;
    day_ =
        fmt::format("{:04}-{:02}-{:02} (UTC{}{:02}:{:02})", local.wYear, local.wMonth, local.wDay,
                    offset_minutes < 0 ? '-' : '+', std::llabs(offset_minutes) / 60, std::llabs(offset_minutes) % 60);
    time_of_day_ = fmt::format("{:02}:{:02}:{:02}", local.wHour, local.wMinute, local.wSecond);
    second_ = second;
  }
  return {day_, time_of_day_, static_cast<unsigned>(time % kTicksPerSecond / 10'000 % 1000)};
}

}  // namespace wdscope::cli
