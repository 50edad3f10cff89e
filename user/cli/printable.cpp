// SPDX-License-Identifier: MIT
#include "cli/printable.h"

#include <cstdint>
#include <cstring>

#include "cli/character_width.h"

namespace wdscope::cli {
namespace {

constexpr char32_t kNotUtf8 = 0xFFFFFFFF;

struct CodePoint {
  char32_t value;    // kNotUtf8: one byte that is no UTF-8
  std::size_t size;  // bytes
};

CodePoint decode_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - at < size) return {kNotUtf8, 1};
  char32_t value = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kNotUtf8, 1};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {kNotUtf8, 1};
  return {value, size};
}

bool reorders_or_hides(char32_t value) {
  return value == 0xAD || value == 0x61C || (value >= 0x200B && value <= 0x200F) ||
         (value >= 0x2028 && value <= 0x202E) || (value >= 0x2060 && value <= 0x206F) || value == 0xFEFF ||
         (value >= 0xFFF9 && value <= 0xFFFB) || (value >= 0xE0000 && value <= 0xE007F);
}

// How one code point is shown.
struct Glyph {
  char bytes[12];
  std::uint8_t size;
  std::uint8_t columns;
};

Glyph hexadecimal(char32_t value, std::string_view prefix, int digits) {
  Glyph glyph{};
  const auto put = [&](char c) { glyph.bytes[glyph.size++] = c; };
  put('<');
  for (const char c : prefix) put(c);
  while (digits < 6 && value >> (4 * digits) != 0) ++digits;
  for (int i = digits - 1; i >= 0; --i) put("0123456789ABCDEF"[value >> (4 * i) & 0xF]);
  put('>');
  glyph.columns = glyph.size;
  return glyph;
}

Glyph glyph_at(std::string_view text, std::size_t at, const CodePoint& point) {
  if (point.value == kNotUtf8) return hexadecimal(static_cast<unsigned char>(text[at]), "", 2);
  if (point.value < 0x20 || point.value == 0x7F) {
    const char32_t picture = point.value == 0x7F ? 0x2421 : 0x2400 + point.value;
    return {{static_cast<char>(0xE2), static_cast<char>(0x80 | (picture >> 6 & 0x3F)),
             static_cast<char>(0x80 | (picture & 0x3F))},
            3,
            1};
  }
  const int columns = point.value < 0x7F ? 1 : character_width(point.value);
  if (columns < 0 || reorders_or_hides(point.value)) return hexadecimal(point.value, "U+", 4);
  Glyph glyph{{}, static_cast<std::uint8_t>(point.size), static_cast<std::uint8_t>(columns)};
  for (std::size_t i = 0; i < point.size; ++i) glyph.bytes[i] = text[at + i];
  return glyph;
}

// How many characters from `at` on are printable ASCII: one byte, one column and one glyph each, as they stand. Nearly
// all text is that alone, so eight are judged at a time.
std::size_t plain_run(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kEach;
  std::size_t end = at;
  for (std::uint64_t eight = 0; text.size() - end >= sizeof eight; end += sizeof eight) {
    std::memcpy(&eight, text.data() + end, sizeof eight);
    const std::uint64_t not_control = (eight | kHigh) - 0x20 * kEach;  // keeps the high bit of what is not below ' '
    const std::uint64_t delete_or_more = eight | (eight + kEach);      // sets the high bit of 0x7F and above
    if ((~not_control & kHigh) != 0 || (delete_or_more & kHigh) != 0) break;
  }
  while (end < text.size() && text[end] >= ' ' && text[end] <= '~') ++end;
  return end - at;
}

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

std::size_t append_start(std::string& out, std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t cut_size = out.size();  // where the mark goes if the text does not fit
  std::size_t cut_used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_at(text, at);
    const Glyph glyph = glyph_at(text, at, point);
    if (used + glyph.columns > columns) {
      out.resize(cut_size);
      out += kEllipsis;
      return cut_used + 1;
    }
    out.append(glyph.bytes, glyph.size);
    used += glyph.columns;
    if (used < columns) {
      cut_size = out.size();
      cut_used = used;
    }
    at += point.size;
  }
  return used;
}

}  // namespace

std::size_t append_printable(std::string& out, std::string_view text) {
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t plain = plain_run(text, at); plain != 0) {
      out.append(text, at, plain);
      used += plain;
      at += plain;
      continue;
    }
    const CodePoint point = decode_at(text, at);
    const Glyph glyph = glyph_at(text, at, point);
    out.append(glyph.bytes, glyph.size);
    used += glyph.columns;
    at += point.size;
  }
  return used;
}

std::size_t append_cut(std::string& out, std::string_view text, std::size_t columns, Cut cut) {
  if (cut == Cut::End) return append_start(out, text, columns);

  std::size_t total = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_at(text, at);
    total += glyph_at(text, at, point).columns;
    at += point.size;
  }
  if (total <= columns) return append_printable(out, text);
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = decode_at(text, at);
    const std::size_t width = glyph_at(text, at, point).columns;
    // A combining mark must not attach to the ellipsis.
    if (total + 1 <= columns && width != 0) break;
    total -= width;
    at += point.size;
  }
  out += kEllipsis;
  return 1 + append_printable(out, text.substr(at));
}

}  // namespace wdscope::cli
