// SPDX-License-Identifier: MIT
// What is known of a process, as words for eyes: the same in every view.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "abi/defender/flags.h"
#include "cli/local_time.h"
#include "event/process_picture.h"

namespace wdscope::cli {

// "excluded,trusted"; what has no name as hexadecimal digits; "none" for 0.
template <std::size_t kCount>
std::string bit_words(std::uint32_t bits, const defender::BitName (&names)[kCount]) {
  std::string out;
  for (const auto& [bit, name] : names) {
    if ((bits & bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += name;
    bits &= ~bit;
  }
  if (bits != 0) fmt::format_to(std::back_inserter(out), "{}{:#x}", out.empty() ? "" : ",", bits);
  return out.empty() ? "none" : out;
}

// "none", "protected_light:antimalware"; audit and nameless values as the byte.
std::string protection_words(std::uint8_t protection);

// "notifier", "NT".
std::string_view voice_words(Voice voice);

// The time of day alone on the day of `now`, else the date: "08:30:15", "2026-11-21".
class SinceWords {
 public:
  explicit SinceWords(FileTime now);
  // Valid until the next call.
  std::string_view of(FileTime time);

 private:
  LocalClock clock_;
  std::string today_;
};

// "2026-11-22 08:30:15.123"
std::string moment_words(LocalClock& clock, FileTime time);

// "create, event 12"
std::string notification_words(const Learnt& learnt);

}  // namespace wdscope::cli
