// SPDX-License-Identifier: MIT
#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>

namespace wdscope::cli {

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr double kYearMs = 365.0 * 24 * 3600 * 1000;
  const auto wrong = [&](std::string_view why) {
    return failure(ErrorCode::Usage, fmt::format("'{}' is no span of time: {}", text, why),
                   "write it as 500ms, 10s, 2m or 1h");
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return wrong("it does not begin with a number");
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double factor = 0;
  if (unit == "ms")
    factor = 1;
  else if (unit.empty() || unit == "s")
    factor = 1000;
  else if (unit == "m" || unit == "min")
    factor = 60 * 1000;
  else if (unit == "h")
    factor = 3600 * 1000;
  else
    return wrong(fmt::format("'{}' is no unit", unit));
  const double milliseconds = number * factor;
  // Also false for a NaN, which from_chars reads.
  if (!(milliseconds >= 1 && milliseconds <= kYearMs)) return wrong("it must be at least 1ms and at most a year");
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

}  // namespace wdscope::cli
