// SPDX-License-Identifier: MIT
#include "lab/lab_clock.h"

#include <unistd.h>

#include <ctime>

namespace wdscope {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr FileTime kUnixEpoch = 116'444'736'000'000'000;  // 1970-01-01 as a FILETIME

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

FileTime to_file_time(std::int64_t unix_ns) {
  return kUnixEpoch + unix_ns / 100;
}

}  // namespace

LabClock::LabClock()
    : realtime_minus_monotonic_ns_(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC)),
      realtime_minus_boottime_ns_(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME)),
      tick_ns_(kSecond / sysconf(_SC_CLK_TCK)) {}

FileTime LabClock::now() const {
  return to_file_time(read_clock(CLOCK_MONOTONIC) + realtime_minus_monotonic_ns_);
}

FileTime LabClock::from_monotonic(std::uint64_t nanoseconds) const {
  return to_file_time(static_cast<std::int64_t>(nanoseconds) + realtime_minus_monotonic_ns_);
}

FileTime LabClock::from_boot_ticks(std::uint64_t ticks) const {
  return to_file_time(static_cast<std::int64_t>(ticks) * tick_ns_ + realtime_minus_boottime_ns_);
}

}  // namespace wdscope
