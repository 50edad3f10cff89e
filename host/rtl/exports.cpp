// SPDX-License-Identifier: MIT
// The run-time library's table, and the small routines that stand alone: memory, version, time, random numbers, errors.
#include "host/exports.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/rtl/format.h"
#include "host/rtl/status_to_win32.h"
#include "host/rtl/unicode_string.h"
#include "host/verifier/bug_check.h"

namespace wdscope::host {
namespace {

struct OsVersionInfo {  // RTL_OSVERSIONINFOW
  Ulong size, major, minor, build, platform;
  char16_t service_pack[128];
};
static_assert(sizeof(OsVersionInfo) == 0x114);

struct OsVersionInfoEx {  // RTL_OSVERSIONINFOEXW
  OsVersionInfo base;
  std::uint16_t service_pack_major, service_pack_minor, suite_mask;
  std::uint8_t product_type, reserved;
};
static_assert(sizeof(OsVersionInfoEx) == 0x11C);

struct TimeFields {  // TIME_FIELDS
  std::int16_t year, month, day, hour, minute, second, milliseconds, weekday;
};

constexpr std::int64_t kPerMillisecond = 10'000, kPerSecond = 10'000'000, kPerDay = 86'400 * kPerSecond;
constexpr int kDaysPer400Years = 146'097, kDaysPer100Years = 36'524, kDaysPer4Years = 1'461;

// Windows 10 22H2.
NtStatus NTAPI RtlGetVersion(OsVersionInfo* version) {
  version->major = 10;
  version->minor = 0;
  version->build = 19045;
  version->platform = 2;  // VER_PLATFORM_WIN32_NT
  std::memset(version->service_pack, 0, sizeof version->service_pack);
  if (version->size == sizeof(OsVersionInfoEx)) {
    auto* extended = reinterpret_cast<OsVersionInfoEx*>(version);
    extended->service_pack_major = extended->service_pack_minor = 0;
    extended->suite_mask = 0x100;  // VER_SUITE_SINGLEUSERTS
    extended->product_type = 1;    // VER_NT_WORKSTATION
  }
  return kStatusSuccess;
}

SizeT NTAPI RtlCompareMemory(const void* a, const void* b, SizeT length) {
  const auto* left = static_cast<const std::byte*>(a);
  const auto* right = static_cast<const std::byte*>(b);
  SizeT equal = 0;
  while (equal < length && left[equal] == right[equal]) ++equal;
  return equal;
}

// Drivers copy and clear a few dozen bytes at a time. A sanitizer sees what Linux's routines do, so there they do all.
#if defined(WDSCOPE_ASAN) || defined(WDSCOPE_TSAN)
constexpr SizeT kSmall = 0;
#else
constexpr SizeT kSmall = 256;
#endif

__attribute__((noinline)) NTAPI void* copy_much(void* target, const void* source, SizeT length) {
  return std::memcpy(target, source, length);
}
__attribute__((noinline)) NTAPI void* fill_much(void* target, int value, SizeT length) {
  return std::memset(target, value, length);
}

// Calls `each` with the size of a piece and where it begins, for pieces that together are [0, length); they may
// overlap.
template <SizeT kSize>
using Piece = std::integral_constant<SizeT, kSize>;

template <class Each>
void in_pieces(SizeT length, const Each& each) {
  if (length >= 16) {
    for (SizeT at = 0; at + 16 < length; at += 16) {
      each(Piece<16>(), at);
      std::atomic_signal_fence(std::memory_order_seq_cst);  // lest the compiler make Linux's routine of the loop
    }
    each(Piece<16>(), length - 16);
  } else if (length >= 8) {
    each(Piece<8>(), 0);
    each(Piece<8>(), length - 8);
  } else if (length >= 4) {
    each(Piece<4>(), 0);
    each(Piece<4>(), length - 4);
  } else {
    if (length >= 2) each(Piece<2>(), 0);
    if (length % 2 != 0) each(Piece<1>(), length - 1);
  }
}

void NTAPI RtlZeroMemory(void* target, SizeT length) {
  std::memset(target, 0, length);
}
void NTAPI RtlFillMemory(void* target, SizeT length, int value) {
  std::memset(target, value, length);
}
void NTAPI RtlCopyMemory(void* target, const void* source, SizeT length) {
  std::memcpy(target, source, length);
}
void NTAPI RtlMoveMemory(void* target, const void* source, SizeT length) {
  std::memmove(target, source, length);
}
void* NTAPI nt_memcpy(void* target, const void* source, SizeT length) {
  if (length > kSmall) return copy_much(target, source, length);
  auto* const to = static_cast<std::byte*>(target);
  const auto* const from = static_cast<const std::byte*>(source);
  const auto copy = [&]<SizeT kSize>(Piece<kSize>, SizeT at) { std::memcpy(to + at, from + at, kSize); };
  in_pieces(length, copy);
  return target;
}
void* NTAPI nt_memmove(void* target, const void* source, SizeT length) {
  return std::memmove(target, source, length);
}
void* NTAPI nt_memset(void* target, int value, SizeT length) {
  if (length > kSmall) return fill_much(target, value, length);
  auto* const to = static_cast<std::byte*>(target);
  const std::uint64_t pattern = 0x0101'0101'0101'0101 * static_cast<std::uint8_t>(value);
  const std::uint64_t block[] = {pattern, pattern};
  const auto fill = [&]<SizeT kSize>(Piece<kSize>, SizeT at) { std::memcpy(to + at, block, kSize); };
  in_pieces(length, fill);
  return target;
}
int NTAPI nt_memcmp(const void* a, const void* b, SizeT length) {
  return std::memcmp(a, b, length);
}
SizeT NTAPI nt_strlen(const char* text) {
  return std::strlen(text);
}
int NTAPI nt_strcmp(const char* a, const char* b) {
  return std::strcmp(a, b);
}
int NTAPI nt_strncmp(const char* a, const char* b, SizeT count) {
  return std::strncmp(a, b, count);
}
SizeT NTAPI nt_wcslen(const char16_t* text) {
  return std::char_traits<char16_t>::length(text);
}

// A multiplicative generator modulo 2^31 - 1, as documented; the seed is advanced in place.
Ulong NTAPI RtlRandomEx(Ulong* seed) {
  *seed = static_cast<Ulong>((std::uint64_t{*seed} * 0x7FFFFFED + 0x7FFFFFC3) % 0x7FFFFFFF);
  return *seed;
}

void NTAPI RtlTimeToTimeFields(const std::int64_t* time, TimeFields* fields) {
  const std::int64_t in_day = *time % kPerDay;
  std::int64_t days = *time / kPerDay;
  fields->weekday = static_cast<std::int16_t>((days + 1) % 7);  // 1 January 1601 was a Monday
  fields->hour = static_cast<std::int16_t>(in_day / (3600 * kPerSecond));
  fields->minute = static_cast<std::int16_t>(in_day / (60 * kPerSecond) % 60);
  fields->second = static_cast<std::int16_t>(in_day / kPerSecond % 60);
  fields->milliseconds = static_cast<std::int16_t>(in_day / kPerMillisecond % 1000);
  // 1601 begins a cycle of 400 years.
  std::int64_t year = 1601 + days / kDaysPer400Years * 400;
  days %= kDaysPer400Years;
  const std::int64_t centuries = std::min<std::int64_t>(days / kDaysPer100Years, 3);
  days -= centuries * kDaysPer100Years;
  const std::int64_t leaps = days / kDaysPer4Years;
  days -= leaps * kDaysPer4Years;
  const std::int64_t years = std::min<std::int64_t>(days / 365, 3);
  days -= years * 365;
  year += centuries * 100 + leaps * 4 + years;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int month = 0;
  while (days >= lengths[month]) days -= lengths[month++];
  fields->year = static_cast<std::int16_t>(year);
  fields->month = static_cast<std::int16_t>(month + 1);
  fields->day = static_cast<std::int16_t>(days + 1);
}

void NTAPI RtlAssert(const char* condition, const char* file, Ulong line, const char* message) {
  bug_check(kKmodeExceptionNotHandled, {0xC0000420, line, 0, 0},  // STATUS_ASSERTION_FAILURE
            fmt::format("Assertion failed: {} ({}:{}){}{}", condition, file, line, message ? ": " : "",
                        message ? message : ""));
}

Ulong NTAPI RtlNtStatusToDosError(NtStatus status) {
  return status_to_win32(status);
}

}  // namespace

std::span<const Export> rtl_exports() {
  static const Export table[] = {
      NT_EXPORT(RtlInitUnicodeString),
      NT_EXPORT(RtlInitUnicodeStringEx),
      NT_EXPORT(RtlCopyUnicodeString),
      NT_EXPORT(RtlAppendUnicodeStringToString),
      NT_EXPORT(RtlAppendUnicodeToString),
      NT_EXPORT(RtlEqualUnicodeString),
      NT_EXPORT(RtlCompareUnicodeString),
      NT_EXPORT(RtlPrefixUnicodeString),
      NT_EXPORT(RtlUpcaseUnicodeChar),
      NT_EXPORT(RtlDowncaseUnicodeChar),
      NT_EXPORT(RtlUpcaseUnicodeString),
      NT_EXPORT(RtlDowncaseUnicodeString),
      NT_EXPORT(RtlDuplicateUnicodeString),
      NT_EXPORT(RtlHashUnicodeString),
      NT_EXPORT(RtlUnicodeStringToInteger),
      NT_EXPORT(RtlIntegerToUnicodeString),
      NT_EXPORT(RtlInt64ToUnicodeString),
      NT_EXPORT(RtlInitAnsiString),
      {"RtlInitString", reinterpret_cast<void*>(&RtlInitAnsiString)},
      NT_EXPORT(RtlAnsiStringToUnicodeString),
      NT_EXPORT(RtlUnicodeStringToAnsiString),
      NT_EXPORT(RtlFreeUnicodeString),
      NT_EXPORT(RtlFreeAnsiString),
      NT_EXPORT(RtlGetVersion),
      NT_EXPORT(RtlCompareMemory),
      NT_EXPORT(RtlZeroMemory),
      NT_EXPORT(RtlFillMemory),
      NT_EXPORT(RtlCopyMemory),
      NT_EXPORT(RtlMoveMemory),
      NT_EXPORT(RtlRandomEx),
      NT_EXPORT(RtlTimeToTimeFields),
      NT_EXPORT(RtlAssert),
      NT_EXPORT(RtlNtStatusToDosError),
      {"memcpy", reinterpret_cast<void*>(&nt_memcpy)},
      {"memmove", reinterpret_cast<void*>(&nt_memmove)},
      {"memset", reinterpret_cast<void*>(&nt_memset)},
      {"memcmp", reinterpret_cast<void*>(&nt_memcmp)},
      {"strlen", reinterpret_cast<void*>(&nt_strlen)},
      {"strcmp", reinterpret_cast<void*>(&nt_strcmp)},
      {"strncmp", reinterpret_cast<void*>(&nt_strncmp)},
      {"wcslen", reinterpret_cast<void*>(&nt_wcslen)},
      {"_vsnprintf", reinterpret_cast<void*>(&nt_vsnprintf)},
      {"_vsnwprintf", reinterpret_cast<void*>(&nt_vsnwprintf)},
      {"_snprintf", reinterpret_cast<void*>(&nt_snprintf)},
      {"_snwprintf", reinterpret_cast<void*>(&nt_snwprintf)},
  };
  return table;
}

}  // namespace wdscope::host
