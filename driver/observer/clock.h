// SPDX-License-Identifier: MIT
// Time that is never set back, for waits and intervals.
#pragma once

#include <cstdint>

#include "kit/nt.h"

namespace wdscope::observer {

// Since boot. Any IRQL.
inline std::uint64_t interrupt_time_100ns() {
  ULONG64 performance_counter = 0;
  return KeQueryInterruptTimePrecise(&performance_counter);
}

constexpr std::uint64_t milliseconds_to_100ns(std::uint32_t milliseconds) {
  return std::uint64_t{milliseconds} * 10'000;
}

}  // namespace wdscope::observer
