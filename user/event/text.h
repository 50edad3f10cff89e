// SPDX-License-Identifier: MIT
// UTF-16LE bytes of a record to UTF-8, plain or as the inside of a JSON string. Each unpaired surrogate becomes one
// U+FFFD. Reads bytes, not char16_t: a record may lie at any address.
#pragma once

#include <cstddef>
#include <string_view>

namespace wdscope {

struct Utf16Bytes {
  const std::byte* data = nullptr;
  std::size_t units = 0;
};

// Every writer below may touch up to kTextSlack bytes behind what it returns.
inline constexpr std::size_t kTextSlack = 16;
inline constexpr std::size_t kUtf8BytesPerUnit = 3;
inline constexpr std::size_t kJsonBytesPerUnit = 6;  // of UTF-16 and of UTF-8: "\u001f"

// `out` has room for kUtf8BytesPerUnit * units + kTextSlack. Returns the end of what was written; sets `damaged` if a
// surrogate was unpaired, else leaves it.
char* write_utf8(char* out, Utf16Bytes text, bool& damaged);

// The same, escaped for JSON, without the quotes; `out` has room for kJsonBytesPerUnit * units + kTextSlack.
char* write_json_text(char* out, Utf16Bytes text, bool& damaged);

// Valid UTF-8, escaped for JSON, without the quotes; `out` has room for kJsonBytesPerUnit * size + kTextSlack.
char* write_json_text(char* out, std::string_view utf8);

}  // namespace wdscope
