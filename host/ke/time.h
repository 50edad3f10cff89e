// SPDX-License-Identifier: MIT
// The clocks of the executive. All 100 ns units unless they say otherwise.
#pragma once

#include <cstdint>
#include <functional>

#include "host/nt/base.h"

namespace wdscope::host {

// Where the system time comes from; null: Linux's clock. Only while no driver is loaded.
void set_system_time_source(std::function<std::int64_t()> source);
std::int64_t system_time_100ns();      // since 1601 UTC
std::uint64_t interrupt_time_100ns();  // since boot (of Linux), never set back
std::int64_t monotonic_ns();
// The CLOCK_MONOTONIC moment at which an NT timeout ends: negative is relative, positive is absolute system time.
std::int64_t deadline_of_timeout(std::int64_t timeout_100ns);

NTAPI void KeQuerySystemTime(std::int64_t* time);
NTAPI void KeQuerySystemTimePrecise(std::int64_t* time);
NTAPI std::uint64_t KeQueryInterruptTime();
NTAPI std::uint64_t KeQueryInterruptTimePrecise(std::uint64_t* performance_counter);
NTAPI std::uint64_t KeQueryUnbiasedInterruptTime();
NTAPI std::int64_t KeQueryPerformanceCounter(std::int64_t* frequency);  // 10 MHz, as on current Windows
NTAPI void KeQueryTickCount(std::int64_t* count);                       // ticks of KeQueryTimeIncrement
NTAPI Ulong KeQueryTimeIncrement();                                     // 156250: 64 ticks a second
NTAPI void ExSystemTimeToLocalTime(const std::int64_t* system_time, std::int64_t* local_time);  // the local zone is UTC
NTAPI void ExLocalTimeToSystemTime(const std::int64_t* local_time, std::int64_t* system_time);

// Writes the clock fields of the page at 0xFFFFF78000000000 (KUSER_SHARED_DATA) as of now. `page` is 0x1000 bytes.
void fill_shared_user_data(unsigned char* page);
inline constexpr std::uint64_t kSharedUserData = 0xFFFF'F780'0000'0000;
inline constexpr std::uint64_t kSharedUserDataSize = 0x1000;

}  // namespace wdscope::host
