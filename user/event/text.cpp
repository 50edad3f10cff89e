// SPDX-License-Identifier: MIT
// Runs of plain ASCII go sixteen at a time: the block is stored whole, then the write position moves only over the
// characters that may stand as they are, and the first other one is done alone. Hence the slack behind the output.
#include "event/text.h"

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace wdscope {
namespace {

enum class Escape : std::uint8_t { None, Json };

constexpr char32_t kReplacement = 0xFFFD;

char16_t unit_at(Utf16Bytes text, std::size_t index) {
  char16_t unit;
  std::memcpy(&unit, text.data + index * sizeof unit, sizeof unit);
  return unit;
}

bool is_high_surrogate(char16_t unit) {
  return (unit & 0xFC00) == 0xD800;
}
bool is_low_surrogate(char16_t unit) {
  return (unit & 0xFC00) == 0xDC00;
}

char* write_escaped(char* out, unsigned char ascii) {
  *out++ = '\\';
  switch (ascii) {
    case '"':
    case '\\':
      *out++ = static_cast<char>(ascii);
      return out;
    case '\b':
      *out++ = 'b';
      return out;
    case '\f':
      *out++ = 'f';
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      break;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  *out++ = 'u';
  *out++ = '0';
  *out++ = '0';
  *out++ = kDigits[ascii >> 4];
  *out++ = kDigits[ascii & 0xF];
  return out;
}

bool needs_escape(unsigned char ascii) {
  return ascii < 0x20 || ascii == '"' || ascii == '\\';
}

char* write_code_point(char* out, char32_t point) {
  if (point < 0x800) {
    *out++ = static_cast<char>(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      *out++ = static_cast<char>(0xE0 | point >> 12);
    } else {
      *out++ = static_cast<char>(0xF0 | point >> 18);
      *out++ = static_cast<char>(0x80 | (point >> 12 & 0x3F));
    }
    *out++ = static_cast<char>(0x80 | (point >> 6 & 0x3F));
  }
  *out++ = static_cast<char>(0x80 | (point & 0x3F));
  return out;
}

#if defined(__SSE2__)
constexpr std::size_t kBlock = 16;

// Bit i is set where byte i of a block must not stand as it is in a JSON string; bytes above 0x7F are the caller's.
unsigned escape_mask(__m128i bytes) {
  const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(0x1F)), _mm_set1_epi8(0x1F));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}

// Stores sixteen units as bytes and returns how many of them, from the first, are right as stored.
template <Escape kEscape>
std::size_t store_plain_units(char* out, const std::byte* units) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(units));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(units + kBlock));
  // The pack saturates signed words: what is negative becomes 0 and what is above 0xFF becomes 0xFF, so both kinds are
  // found on the words themselves.
  const __m128i beyond = _mm_set1_epi16(static_cast<short>(0xFF80));
  const __m128i zero = _mm_setzero_si128();
  const __m128i ascii = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_and_si128(low, beyond), zero),
                                        _mm_cmpeq_epi16(_mm_and_si128(high, beyond), zero));
  const __m128i bytes = _mm_packus_epi16(low, high);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  unsigned stops = static_cast<unsigned>(_mm_movemask_epi8(ascii)) ^ 0xFFFF;
  if constexpr (kEscape == Escape::Json) stops |= escape_mask(bytes);
  return stops == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(stops));
}
#endif

template <Escape kEscape>
char* write_units(char* out, Utf16Bytes text, bool& damaged) {
  std::size_t index = 0;
  while (index < text.units) {
#if defined(__SSE2__)
    if (text.units - index >= kBlock) {
      const std::size_t plain = store_plain_units<kEscape>(out, text.data + index * sizeof(char16_t));
      out += plain;
      index += plain;
      if (plain == kBlock) continue;
    }
#endif
    const char16_t unit = unit_at(text, index++);
    if (unit < 0x80) {
      const auto ascii = static_cast<unsigned char>(unit);
      if (kEscape == Escape::Json && needs_escape(ascii)) {
        out = write_escaped(out, ascii);
      } else {
        *out++ = static_cast<char>(ascii);
      }
      continue;
    }
    char32_t point = unit;
    if (is_high_surrogate(unit) && index < text.units && is_low_surrogate(unit_at(text, index))) {
      point = 0x10000 + ((char32_t{unit} & 0x3FF) << 10 | (char32_t{unit_at(text, index++)} & 0x3FF));
    } else if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
      point = kReplacement;
      damaged = true;
    }
    out = write_code_point(out, point);
  }
  return out;
}

}  // namespace

char* write_utf8(char* out, Utf16Bytes text, bool& damaged) {
  return write_units<Escape::None>(out, text, damaged);
}

char* write_json_text(char* out, Utf16Bytes text, bool& damaged) {
  return write_units<Escape::Json>(out, text, damaged);
}

char* write_json_text(char* out, std::string_view utf8) {
  std::size_t index = 0;
  while (index < utf8.size()) {
#if defined(__SSE2__)
    if (utf8.size() - index >= kBlock) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(utf8.data() + index));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
      const unsigned stops = escape_mask(bytes);
      const std::size_t plain = stops == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(stops));
      out += plain;
      index += plain;
      if (plain == kBlock) continue;
    }
#endif
    const auto byte = static_cast<unsigned char>(utf8[index++]);
    if (needs_escape(byte)) {
      out = write_escaped(out, byte);
    } else {
      *out++ = static_cast<char>(byte);
    }
  }
  return out;
}

}  // namespace wdscope
