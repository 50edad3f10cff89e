// SPDX-License-Identifier: MIT
// What a line of JSON is made of: literals, names, numbers, times, each written by a bare pointer into room that the
// caller has measured; returned is where the next one goes. Nothing is escaped: texts are event/text.h's.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "abi/defender/flags.h"
#include "event/event.h"
#include "event/time.h"

namespace wdscope::json {

template <std::size_t kSize>
char* put(char* out, const char (&literal)[kSize]) {
  std::memcpy(out, literal, kSize - 1);
  return out + kSize - 1;
}

// Names are short and of changing length: two overlapping moves cost less than a call.
inline char* put(char* out, std::string_view text) {
  constexpr std::size_t kMove = 8;
  if (text.size() >= kMove && text.size() <= 2 * kMove) {
    std::memcpy(out, text.data(), kMove);
    std::memcpy(out + text.size() - kMove, text.data() + text.size() - kMove, kMove);
  } else {
    std::memcpy(out, text.data(), text.size());
  }
  return out + text.size();
}

inline char* put_number(char* out, std::uint64_t value) {
  constexpr std::size_t kLongest = 20;
  return std::to_chars(out, out + kLongest, value).ptr;
}

// Eight digits at once: nibbles spread over the bytes of a word, most significant first in memory.
inline char* put_digits(char* out, std::uint32_t value) {
  std::uint64_t word = __builtin_bswap32(value);
  word = (word | word << 16) & 0x0000'FFFF'0000'FFFF;
  word = (word | word << 8) & 0x00FF'00FF'00FF'00FF;
  word = (word >> 4 | word << 8) & 0x0F0F'0F0F'0F0F'0F0F;
  const std::uint64_t letters = (word + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  word += 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
  std::memcpy(out, &word, sizeof word);
  return out + sizeof word;
}

inline char* put_hex(char* out, std::uint32_t value) {
  return put(put_digits(put(out, "\"0x"), value), "\"");
}
inline char* put_hex(char* out, std::uint64_t value) {
  out = put_digits(put(out, "\"0x"), static_cast<std::uint32_t>(value >> 32));
  return put(put_digits(out, static_cast<std::uint32_t>(value)), "\"");
}
inline char* put_hex(char* out, std::uint8_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  out = put(out, "\"0x");
  *out++ = kDigits[value >> 4];
  *out++ = kDigits[value & 0xF];
  return put(out, "\"");
}

inline char* put_quoted(char* out, std::string_view name) {
  *out++ = '"';
  out = put(out, name);
  *out++ = '"';
  return out;
}

inline char* put_time(char* out, FileTime time) {
  *out++ = '"';
  out = write_time(out, time);
  *out++ = '"';
  return out;
}

// A value's name, or the value when it has none.
inline char* put_name_or_hex(char* out, std::string_view name, std::uint32_t value) {
  return name.empty() ? put_hex(out, value) : put_quoted(out, name);
}

// The names of the bits that are set, as an array.
template <std::size_t kCount>
char* put_bits(char* out, const defender::BitName (&names)[kCount], std::uint32_t bits) {
  char separator = '[';
  for (const defender::BitName& name : names) {
    if ((bits & name.bit) == 0) continue;
    *out++ = separator;
    out = put_quoted(out, name.name);
    separator = ',';
  }
  if (separator == '[') *out++ = '[';
  *out++ = ']';
  return out;
}

}  // namespace wdscope::json
