// SPDX-License-Identifier: MIT
#include "host/flt/parse_name.h"

#include <emmintrin.h>

#include <bit>

#include "host/ke/thread.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kAllNamesParsed = 0xF;  // final component, extension, stream, parent directory

struct Parts {
  std::u16string_view final_component, extension, stream;
};

constexpr auto kNone = std::u16string_view::npos;

// What a name's parts are is decided by its last backslash, the first colon and the last dot behind that.
struct Marks {
  std::size_t start = 0;  // of the final component
  std::size_t colon = kNone, dot = kNone;
};

NTAPI Marks marks_of_short(std::u16string_view name) noexcept {
  Marks marks;
  for (std::size_t at = name.size(); at-- > 0;) {
    const char16_t unit = name[at];
    if (unit == u'\\') {
      marks.start = at + 1;
      break;
    }
    if (unit == u':') {
      marks.colon = at;
      marks.dot = kNone;
    }
    if (unit == u'.' && marks.dot == kNone) marks.dot = at;
  }
  return marks;
}

constexpr std::size_t kUnits = 16;
struct Units {
  __m128i low, high;
};

Units units_at(const char16_t* at) {
  const auto* const halves = reinterpret_cast<const __m128i*>(at);
  return {_mm_loadu_si128(halves), _mm_loadu_si128(halves + 1)};
}

// A bit for each of the units that is `unit`.
unsigned which_are(const Units& units, char16_t unit) {
  const __m128i all = _mm_set1_epi16(static_cast<short>(unit));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_packs_epi16(_mm_cmpeq_epi16(units.low, all), _mm_cmpeq_epi16(units.high, all))));
}

// How many units lie before the end of the last one that `which` has.
std::size_t behind_last(unsigned which) {
  return static_cast<std::size_t>(std::bit_width(which));
}

// One look from the end, sixteen units at once.
NTAPI Parts parse(std::u16string_view name) noexcept {
  Marks marks;
  if (name.size() < kUnits) {
    marks = marks_of_short(name);
  } else {
    for (std::size_t end = name.size(), from = 0; end != 0; end = from) {
      from = end < kUnits ? 0 : end - kUnits;
      const Units units = units_at(name.data() + from);
      const unsigned unseen = (1U << (end - from)) - 1;
      const unsigned backslashes = which_are(units, u'\\') & unseen;
      const unsigned behind = unseen & ~0U << behind_last(backslashes);
      unsigned dots = which_are(units, u'.') & behind;
      if (const unsigned colons = which_are(units, u':') & behind; colons != 0) {
        const int first = std::countr_zero(colons);
        marks.colon = from + static_cast<unsigned>(first);
        marks.dot = kNone;
        dots &= (1U << first) - 1;
      }
      if (dots != 0 && marks.dot == kNone) marks.dot = from + behind_last(dots) - 1;
      if (backslashes != 0) {
        marks.start = from + behind_last(backslashes);
        break;
      }
    }
  }
  Parts parts;
  // Not by substr, which may throw as far as the compiler knows.
  const auto between = [name](std::size_t from, std::size_t to) {
    return std::u16string_view(name.data() + from, to - from);
  };
  parts.final_component = between(marks.start, name.size());
  if (marks.colon != kNone) parts.stream = between(marks.colon, name.size());
  if (marks.dot != kNone) {
    parts.extension = between(marks.dot + 1, marks.colon == kNone ? name.size() : marks.colon);
  }
  return parts;
}

void put(UnicodeString* out, std::u16string_view part) {
  if (!out) return;
  const auto length = static_cast<std::uint16_t>(part.size() * 2);
  *out = {length, length, part.empty() ? nullptr : const_cast<char16_t*>(part.data())};
}

}  // namespace

NtStatus NTAPI FltParseFileName(const UnicodeString* name, UnicodeString* extension, UnicodeString* stream,
                                UnicodeString* final_component) {
  require_irql_at_most(kApcLevel, "FltParseFileName");
  if (fault_plan_says_fail("FltParseFileName", __builtin_return_address(0))) return kStatusInvalidParameter;
  const Parts parts = parse(name->view());
  put(extension, parts.extension);
  put(stream, parts.stream);
  put(final_component, parts.final_component);
  return kStatusSuccess;
}

NtStatus NTAPI FltParseFileNameInformation(FltFileNameInformation* information) {
  require_irql_at_most(kApcLevel, "FltParseFileNameInformation");
  if (!information->name.buffer || information->name.length == 0) return kStatusInvalidParameter;
  const std::u16string_view name = information->name.view();
  const Parts parts = parse(name);
  put(&information->extension, parts.extension);
  put(&information->stream, parts.stream);
  put(&information->final_component, parts.final_component);
  // Between the volume (and share) and the final component, with both backslashes.
  const std::size_t start = (information->volume.length + std::size_t{information->share.length}) / 2;
  const std::size_t end = name.rfind(u'\\');
  const bool has_parent = end != std::u16string_view::npos && end >= start;
  put(&information->parent_dir, has_parent ? name.substr(start, end + 1 - start) : std::u16string_view());
  information->names_parsed = kAllNamesParsed;
  return kStatusSuccess;
}

}  // namespace wdscope::host
