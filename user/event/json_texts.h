// SPDX-License-Identifier: MIT
// Texts in a line of JSON: an event's (UTF-8), or its record's (UTF-16) as they lie there. The one place where the two
// ways to a line differ. The room that a text takes is measured before, by bound_of().
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "event/dos_paths.h"
#include "event/event.h"
#include "event/facts.h"
#include "event/text.h"

namespace wdscope::json {

inline char* put_text(char* out, const Text& text, bool& damaged) {
  *out++ = '"';
  out = write_json_text(out, std::string_view(text.value));
  *out++ = '"';
  damaged = text.damaged;
  return out;
}

inline char* put_text(char* out, const WireText& text, bool& damaged) {
  *out++ = '"';
  out = write_json_text(out, text.units, damaged);
  *out++ = '"';
  return out;
}

inline char* put_inside(char* out, std::string_view text) {
  return write_json_text(out, text);
}
inline char* put_inside(char* out, const WireText& text) {
  bool damaged = false;  // said of the image
  return write_json_text(out, text.units, damaged);
}

// Texts with a NUL between them, as an array.
inline char* put_list(char* out, const Text& list) {
  std::string_view rest = list.value;
  for (char separator = '['; separator != 0;) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    *out++ = separator;
    *out++ = '"';
    out = write_json_text(out, rest.substr(0, end));
    *out++ = '"';
    separator = end == rest.size() ? '\0' : ',';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  *out++ = ']';
  return out;
}

inline char* put_list(char* out, const WireText& list) {
  Utf16Bytes rest = list.units;
  bool damaged = false;
  for (char separator = '['; separator != 0;) {
    std::size_t end = 0;
    while (end < rest.units && (rest.data[2 * end] != std::byte{0} || rest.data[2 * end + 1] != std::byte{0})) ++end;
    *out++ = separator;
    *out++ = '"';
    out = write_json_text(out, Utf16Bytes{rest.data, end}, damaged);
    *out++ = '"';
    separator = end == rest.units ? '\0' : ',';
    if (end != rest.units) rest = {rest.data + 2 * (end + 1), rest.units - end - 1};
  }
  *out++ = ']';
  return out;
}

inline std::size_t bound_of(const std::optional<Text>& text) {
  return text ? text->value.size() * kJsonBytesPerUnit + kTextSlack : 0;
}
inline std::size_t bound_of(const std::optional<WireText>& text) {
  return text ? text->units.units * kJsonBytesPerUnit + kTextSlack : 0;
}

inline std::optional<DosForm> dos_form_of(const std::optional<Text>& image, const Origin& origin) {
  return image && origin.dos_paths ? origin.dos_paths->form(std::string_view(image->value)) : std::nullopt;
}
inline std::optional<DosForm> dos_form_of(const std::optional<WireText>& image, const Origin& origin) {
  return image && origin.dos_paths ? origin.dos_paths->form(image->units) : std::nullopt;
}

inline std::string_view text_behind(const Text& text, std::size_t characters) {
  return std::string_view(text.value).substr(characters);
}
inline WireText text_behind(const WireText& text, std::size_t units) {
  return {{text.units.data + 2 * units, text.units.units - units}, text.truncated};
}

}  // namespace wdscope::json
