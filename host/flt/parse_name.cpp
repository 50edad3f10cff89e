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

using Units = __m128i;
constexpr std::size_t kUnits = sizeof(Units) / sizeof(char16_t);

// Two bits for each of the units that is `unit`.
unsigned which_are(Units units, char16_t unit) {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi16(units, _mm_set1_epi16(static_cast<short>(unit)))));
}

// How many units lie before the end of the last one that `which` has.
std::size_t behind_last(unsigned which) {
  return static_cast<std::size_t>(std::bit_width(which)) / 2;
}

// The first eight units of the name, or all there are and zeros. Not by memcpy: the caller is of NT's convention, which
// would save what memcpy may change.
Units first_units(std::u16string_view name) {
  if (name.size() >= kUnits) return _mm_loadu_si128(reinterpret_cast<const Units*>(name.data()));
  Units units = _mm_setzero_si128();
  for (std::size_t i = name.size(); i-- > 0;) units = _mm_insert_epi16(_mm_slli_si128(units, 2), name[i], 0);
  return units;
}

// One look from the end, eight units at once: what a name's parts are is decided by its last backslash, the first colon
// and the last dot behind that.
NTAPI Parts parse(std::u16string_view name) noexcept {
  constexpr auto kNone = std::u16string_view::npos;
  Parts parts;
  std::size_t colon = kNone, dot = kNone;
  std::size_t start = 0;
  for (std::size_t end = name.size(), from = 0; end != 0; end = from) {
    from = end < kUnits ? 0 : end - kUnits;
    const Units units =
        end < kUnits ? first_units(name) : _mm_loadu_si128(reinterpret_cast<const Units*>(name.data() + from));
    const unsigned unseen = (1U << 2 * (end - from)) - 1;
    const unsigned backslashes = which_are(units, u'\\') & unseen;
    const unsigned behind = unseen & ~0U << 2 * behind_last(backslashes);
    unsigned dots = which_are(units, u'.') & behind;
    if (const unsigned colons = which_are(units, u':') & behind; colons != 0) {
      const int first = std::countr_zero(colons);
      colon = from + static_cast<unsigned>(first) / 2;
      dot = kNone;
      dots &= (1U << first) - 1;
    }
    if (dots != 0 && dot == kNone) dot = from + behind_last(dots) - 1;
    if (backslashes != 0) {
      start = from + behind_last(backslashes);
      break;
    }
  }
  // Not by substr, which may throw as far as the compiler knows.
  const auto between = [name](std::size_t from, std::size_t to) {
    return std::u16string_view(name.data() + from, to - from);
  };
  parts.final_component = between(start, name.size());
  if (colon != kNone) parts.stream = between(colon, name.size());
  if (dot != kNone) parts.extension = between(dot + 1, colon == kNone ? name.size() : colon);
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
