// SPDX-License-Identifier: MIT
#include "lab/nt_path.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wdscope {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

char16_t* put_code_point(char16_t* to, char32_t point) {
  if (point < 0x10000) {
    *to++ = static_cast<char16_t>(point);
    return to;
  }
  point -= 0x10000;
  *to++ = static_cast<char16_t>(0xD800 + (point >> 10));
  *to++ = static_cast<char16_t>(0xDC00 + (point & 0x3FF));
  return to;
}

// Sixteen bytes, if all are ASCII.
bool widen_sixteen(char16_t* to, const char* from) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  if (_mm_movemask_epi8(bytes) != 0) return false;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi8(bytes, zero));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 8), _mm_unpackhi_epi8(bytes, zero));
  return true;
}

// Nearly every name is ASCII from end to end: what both ways begin with. They return how much of it was.
std::size_t widen_ascii(char16_t* to, std::string_view text) {
  const std::size_t size = text.size();
  std::size_t index = 0;
  while (index + 16 <= size && widen_sixteen(to + index, text.data() + index)) index += 16;
  // What is left at the end, together with some that is done already.
  if (size >= 16 && size - index < 16 && widen_sixteen(to + size - 16, text.data() + size - 16)) return size;
  for (; index < text.size() && static_cast<std::uint8_t>(text[index]) < 0x80; ++index)
    to[index] = static_cast<std::uint8_t>(text[index]);
  return index;
}

std::size_t narrow_ascii(char* to, std::u16string_view text) {
  std::size_t index = 0;
  const __m128i beyond = _mm_set1_epi16(static_cast<short>(0xFF80));
  for (; index + 8 <= text.size(); index += 8) {
    const __m128i units = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + index));
    const __m128i plain = _mm_cmpeq_epi16(_mm_and_si128(units, beyond), _mm_setzero_si128());
    if (_mm_movemask_epi8(plain) != 0xFFFF) break;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + index), _mm_packus_epi16(units, units));
  }
  for (; index < text.size() && text[index] < 0x80; ++index) to[index] = static_cast<char>(text[index]);
  return index;
}

// How many continuation bytes a lead byte asks for; -1 when it is no lead byte. 0xC0, 0xC1 and 0xF5.. never occur.
int continuation_count(std::uint8_t lead) {
  if (lead < 0x80) return 0;
  if (lead >= 0xC2 && lead <= 0xDF) return 1;
  if (lead >= 0xE0 && lead <= 0xEF) return 2;
  if (lead >= 0xF0 && lead <= 0xF4) return 3;
  return -1;
}

struct Decoded {
  char32_t point;
  std::size_t length;  // bytes; 1 for a byte that is no UTF-8
};

Decoded decode_at(std::string_view text, std::size_t index) {
  const auto lead = static_cast<std::uint8_t>(text[index]);
  const int count = continuation_count(lead);
  if (count == 0) return {lead, 1};
  if (count < 0 || index + count >= text.size()) return {kReplacement, 1};
  char32_t point = lead & (0x3Fu >> count);
  for (int i = 1; i <= count; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[index + i]);
    if ((byte & 0xC0) != 0x80) return {kReplacement, 1};
    point = point << 6 | (byte & 0x3F);
  }
  const bool overlong = (count == 2 && point < 0x800) || (count == 3 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return {kReplacement, 1};
  return {point, static_cast<std::size_t>(count) + 1};
}

bool is_high(char16_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(char16_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

void put_utf8(std::string& out, char32_t point) {
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | point >> 6));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | point >> 12));
    out.push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | point >> 18));
    out.push_back(static_cast<char>(0x80 | (point >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

}  // namespace

void append_utf16(std::u16string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + text.size());  // no byte becomes more than one unit
  char16_t* to = out.data() + before;
  for (std::size_t index = 0; index < text.size();) {
    const std::size_t plain = widen_ascii(to, text.substr(index));
    to += plain;
    index += plain;
    if (index == text.size()) break;
    const Decoded decoded = decode_at(text, index);
    to = put_code_point(to, decoded.point);
    index += decoded.length;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

void append_utf8(std::string& out, std::u16string_view text) {
  const std::size_t before = out.size();
  out.resize(before + text.size());
  std::size_t index = narrow_ascii(out.data() + before, text);
  out.resize(before + index);
  for (; index < text.size(); ++index) {
    const char16_t unit = text[index];
    if (is_high(unit) && index + 1 < text.size() && is_low(text[index + 1])) {
      put_utf8(out, 0x10000 + ((unit - 0xD800u) << 10) + (text[index + 1] - 0xDC00u));
      ++index;
    } else {
      put_utf8(out, is_high(unit) || is_low(unit) ? kReplacement : unit);
    }
  }
}

std::string to_utf8(std::u16string_view text) {
  std::string out;
  append_utf8(out, text);
  return out;
}

std::u16string to_nt_path(std::string_view linux_path) {
  std::u16string out;
  const bool absolute = linux_path.starts_with('/');
  if (!absolute) {
    append_utf16(out, linux_path);
    return out;
  }
  out.reserve(kLinuxVolume.size() + linux_path.size());
  out = kLinuxVolume;
  append_utf16(out, linux_path);
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(kLinuxVolume.size()), out.end(), u'/', u'\\');
  return out;
}

std::optional<std::string> to_linux_path(std::u16string_view nt_path) {
  if (!nt_path.starts_with(kLinuxVolume)) return std::nullopt;
  nt_path.remove_prefix(kLinuxVolume.size());
  if (!nt_path.starts_with(u'\\')) return std::nullopt;
  std::string path = to_utf8(nt_path);
  std::replace(path.begin(), path.end(), '\\', '/');
  return path;
}

}  // namespace wdscope
