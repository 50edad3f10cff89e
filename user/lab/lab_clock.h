// SPDX-License-Identifier: MIT
// Linux times as NT times. The distance between the clocks is taken once, so that times of one lab never run backwards
// when somebody sets the machine's clock.
#pragma once

#include <cstdint>

#include "event/event.h"

namespace wdscope {

class LabClock {
 public:
  LabClock();

  FileTime now() const;
  // CLOCK_MONOTONIC, as the process connector stamps its messages.
  FileTime from_monotonic(std::uint64_t nanoseconds) const;
  // Clock ticks since boot, as /proc/PID/stat gives a process's start.
  FileTime from_boot_ticks(std::uint64_t ticks) const;

 private:
  std::int64_t realtime_minus_monotonic_ns_;
  std::int64_t realtime_minus_boottime_ns_;
  std::int64_t tick_ns_;
};

}  // namespace wdscope
