// SPDX-License-Identifier: MIT
// Days to civil date by the usual shift of the year's start to 1 March in 400-year eras, so that the leap day is last.
#include "event/time.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace wdscope {
namespace {

constexpr std::int64_t kTicksPerSecond = 10'000'000;
constexpr std::int64_t kTicksPerDay = 86'400 * kTicksPerSecond;
constexpr std::int64_t kDaysFrom0000March1To1601 = 584'694;
constexpr std::int64_t kDaysPerEra = 146'097;
constexpr std::int64_t kSecondsFrom1601To1970 = 11'644'473'600;

struct Date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

Date date_of(std::int64_t days_since_1601) {
  const std::int64_t days = days_since_1601 + kDaysFrom0000March1To1601;
  const std::int64_t era = (days >= 0 ? days : days - (kDaysPerEra - 1)) / kDaysPerEra;
  const auto day_of_era = static_cast<unsigned>(days - era * kDaysPerEra);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

template <unsigned kDigits>
char* write_digits(char* out, std::uint32_t value) {
  unsigned left = kDigits;
  for (; left >= 2; left -= 2, value /= 100) std::memcpy(out + left - 2, &kPairs[value % 100 * 2], 2);
  if (left == 1) *out = static_cast<char>('0' + value % 10);
  return out + kDigits;
}

}  // namespace

char* write_time(char* out, FileTime time) {
  std::int64_t days = time / kTicksPerDay;
  std::int64_t ticks = time % kTicksPerDay;
  if (ticks < 0) {
    ticks += kTicksPerDay;
    --days;
  }
  const Date date = date_of(days);
  if (date.year >= 0 && date.year <= 9999) {
    out = write_digits<4>(out, static_cast<std::uint32_t>(date.year));
  } else {
    *out++ = date.year < 0 ? '-' : '+';
    out = write_digits<5>(out, static_cast<std::uint32_t>(date.year < 0 ? -date.year : date.year));
  }
  *out++ = '-';
  out = write_digits<2>(out, date.month);
  *out++ = '-';
  out = write_digits<2>(out, date.day);
  *out++ = 'T';
  const auto second = static_cast<std::uint32_t>(ticks / kTicksPerSecond);
  out = write_digits<2>(out, second / 3600);
  *out++ = ':';
  out = write_digits<2>(out, second / 60 % 60);
  *out++ = ':';
  out = write_digits<2>(out, second % 60);
  *out++ = '.';
  out = write_digits<7>(out, static_cast<std::uint32_t>(ticks % kTicksPerSecond));
  *out++ = 'Z';
  return out;
}

FileTime current_time() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count() / 100 +
         kSecondsFrom1601To1970 * kTicksPerSecond;
}

}  // namespace wdscope
