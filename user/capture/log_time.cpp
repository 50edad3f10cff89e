// SPDX-License-Identifier: MIT
#include "capture/log_time.h"

#include <chrono>
#include <cstdint>

namespace wdscope {
namespace {

constexpr std::int64_t kTicksPerSecond = 10'000'000;
constexpr std::int64_t kSecondsFrom1601To1970 = 11'644'473'600;

// Reads from the front of a text; once something was not there, everything is wrong.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!at_digit()) {
        right_ = false;
        return 0;
      }
      value = value * 10 + (take() - '0');
    }
    return value;
  }
  void expect(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) {
      right_ = false;
    } else {
      take();
    }
  }
  bool next_is(char letter) const { return right_ && !rest_.empty() && rest_.front() == letter; }
  bool at_digit() const { return right_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  char take() {
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }
  bool at_end() const { return rest_.empty(); }
  bool right() const { return right_; }

 private:
  std::string_view rest_;
  bool right_ = true;
};

std::int64_t read_fraction(TimeReader& reader) {
  reader.take();
  std::int64_t ticks = 0;
  std::int64_t unit = kTicksPerSecond;
  if (!reader.at_digit()) reader.expect("");
  while (reader.at_digit()) {
    const int digit = reader.take() - '0';
    unit /= 10;
    ticks += digit * unit;
  }
  return ticks;
}

std::int64_t read_offset_seconds(TimeReader& reader) {
  const bool west = reader.take() == '-';
  const int hours = reader.number(2);
  if (reader.next_is(':')) reader.take();
  const int minutes = reader.number(2);
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

}  // namespace

std::optional<FileTime> parse_log_time(std::string_view text) {
  TimeReader reader(text);
  const int year = reader.number(4);
  reader.expect("-");
  const int month = reader.number(2);
  reader.expect("-");
  const int day = reader.number(2);
  reader.expect("T ");
  const int hour = reader.number(2);
  reader.expect(":");
  const int minute = reader.number(2);
  reader.expect(":");
  const int second = reader.number(2);
  const std::int64_t ticks = reader.next_is('.') ? read_fraction(reader) : 0;
  std::int64_t offset = 0;
  if (reader.next_is('Z')) {
    reader.take();
  } else if (reader.next_is('+') || reader.next_is('-')) {
    offset = read_offset_seconds(reader);
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  const bool possible = date.ok() && year >= 1601 && hour < 24 && minute < 60 && second < 60;
  if (!reader.right() || !reader.at_end() || !possible) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset + kSecondsFrom1601To1970;
  return seconds * kTicksPerSecond + ticks;
}

}  // namespace wdscope
