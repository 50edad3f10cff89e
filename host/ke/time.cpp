// SPDX-License-Identifier: MIT
#include "host/ke/time.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace wdscope::host {
namespace {

constexpr std::int64_t kUnixEpoch_100ns = 116'444'736'000'000'000;
constexpr Ulong kTimeIncrement_100ns = 156'250;

std::function<std::int64_t()> system_time_source;

std::int64_t now_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// KSYSTEM_TIME: the high part stands twice, so that a reader of two halves can tell that they belong together.
void put_system_time(unsigned char* field, std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  const auto high = static_cast<std::uint32_t>(value >> 32);
  std::memcpy(field, &low, 4);
  std::memcpy(field + 4, &high, 4);
  std::memcpy(field + 8, &high, 4);
}

}  // namespace

void set_system_time_source(std::function<std::int64_t()> source) {
  system_time_source = std::move(source);
}

std::int64_t system_time_100ns() {
  if (system_time_source) return system_time_source();
  return now_ns(CLOCK_REALTIME) / 100 + kUnixEpoch_100ns;
}
std::uint64_t interrupt_time_100ns() {
  return static_cast<std::uint64_t>(now_ns(CLOCK_MONOTONIC)) / 100;
}
std::int64_t monotonic_ns() {
  return now_ns(CLOCK_MONOTONIC);
}

std::int64_t deadline_of_timeout(std::int64_t timeout_100ns) {
  // Centuries are for ever; this also keeps the arithmetic from overflowing.
  constexpr std::int64_t kLongest_100ns = 100LL * 365 * 24 * 3600 * 10'000'000;
  const std::int64_t relative_100ns =
      timeout_100ns < 0 ? (timeout_100ns < -kLongest_100ns ? kLongest_100ns : -timeout_100ns)
                        : std::clamp<std::int64_t>(timeout_100ns - system_time_100ns(), 0, kLongest_100ns);
  return monotonic_ns() + relative_100ns * 100;
}

NTAPI void KeQuerySystemTime(std::int64_t* time) {
  *time = system_time_100ns();
}
NTAPI void KeQuerySystemTimePrecise(std::int64_t* time) {
  *time = system_time_100ns();
}
NTAPI std::uint64_t KeQueryInterruptTime() {
  return interrupt_time_100ns();
}

NTAPI std::uint64_t KeQueryInterruptTimePrecise(std::uint64_t* performance_counter) {
  const std::uint64_t now = interrupt_time_100ns();
  *performance_counter = now;
  return now;
}

NTAPI std::uint64_t KeQueryUnbiasedInterruptTime() {
  return interrupt_time_100ns();
}

NTAPI std::int64_t KeQueryPerformanceCounter(std::int64_t* frequency) {
  if (frequency) *frequency = 10'000'000;
  return static_cast<std::int64_t>(interrupt_time_100ns());
}

NTAPI void KeQueryTickCount(std::int64_t* count) {
  *count = static_cast<std::int64_t>(interrupt_time_100ns() / kTimeIncrement_100ns);
}

NTAPI Ulong KeQueryTimeIncrement() {
  return kTimeIncrement_100ns;
}

NTAPI void ExSystemTimeToLocalTime(const std::int64_t* system_time, std::int64_t* local_time) {
  *local_time = *system_time;
}

NTAPI void ExLocalTimeToSystemTime(const std::int64_t* local_time, std::int64_t* system_time) {
  *system_time = *local_time;
}

void fill_shared_user_data(unsigned char* page) {
  const std::uint32_t tick_multiplier = 0x0FA0'0000;  // (ticks * this) >> 24 is milliseconds
  const std::uint32_t build = 19045, major = 10, minor = 0, processors = 1;
  std::memcpy(page + 0x004, &tick_multiplier, 4);
  put_system_time(page + 0x008, interrupt_time_100ns());
  put_system_time(page + 0x014, static_cast<std::uint64_t>(system_time_100ns()));
  std::memcpy(page + 0x260, &build, 4);
  std::memcpy(page + 0x26C, &major, 4);
  std::memcpy(page + 0x270, &minor, 4);
  put_system_time(page + 0x320, interrupt_time_100ns() / kTimeIncrement_100ns);
  std::memcpy(page + 0x3C0, &processors, 4);
}

}  // namespace wdscope::host
