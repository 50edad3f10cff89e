// SPDX-License-Identifier: MIT
#include "host/flt/parse_name.h"

#include <emmintrin.h>

#include <bit>

#include "host/ke/thread.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kAllNamesParsed = 0xF;  // final component, extension, stream, parent directory

constexpr auto kNone = std::u16string_view::npos;
constexpr std::size_t kUnits = 16;

// A bit for each of the sixteen units from `at` on that is a backslash.
unsigned backslashes_at(const char16_t* at) {
  const auto* const halves = reinterpret_cast<const __m128i*>(at);
  const __m128i backslash = _mm_set1_epi16(u'\\');
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(
      _mm_cmpeq_epi16(_mm_loadu_si128(halves), backslash), _mm_cmpeq_epi16(_mm_loadu_si128(halves + 1), backslash))));
}

// Where the final component begins: behind the last backslash.
[[gnu::always_inline]] inline std::size_t final_start(std::u16string_view name) {
  std::size_t end = name.size();
  for (; end >= kUnits; end -= kUnits) {
    if (const unsigned found = backslashes_at(name.data() + end - kUnits); found != 0)
      return end - kUnits + static_cast<std::size_t>(std::bit_width(found));
  }
  while (end > 0 && name[end - 1] != u'\\') --end;
  return end;
}

// Not by substr, which may throw as far as the compiler knows.
std::u16string_view behind(std::u16string_view name, std::size_t start) {
  return {name.data() + start, name.size() - start};
}

struct Parts {
  std::u16string_view extension, stream;  // behind the last dot before the first colon; from that colon on
};

NTAPI Parts parts_of(std::u16string_view final_component) noexcept {
  Parts parts;
  std::u16string_view rest = final_component;
  if (const std::size_t colon = rest.find(u':'); colon != kNone) {
    parts.stream = behind(rest, colon);
    rest = {rest.data(), colon};
  }
  if (const std::size_t dot = rest.rfind(u'.'); dot != kNone) parts.extension = behind(rest, dot + 1);
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
  const std::u16string_view whole = name->view();
  const std::u16string_view last = behind(whole, final_start(whole));
  put(final_component, last);
  if (!extension && !stream) return kStatusSuccess;  // what most ask for, and quick
  const Parts parts = parts_of(last);
  put(extension, parts.extension);
  put(stream, parts.stream);
  return kStatusSuccess;
}

NtStatus NTAPI FltParseFileNameInformation(FltFileNameInformation* information) {
  require_irql_at_most(kApcLevel, "FltParseFileNameInformation");
  if (!information->name.buffer || information->name.length == 0) return kStatusInvalidParameter;
  const std::u16string_view name = information->name.view();
  const std::u16string_view last = behind(name, final_start(name));
  const Parts parts = parts_of(last);
  put(&information->extension, parts.extension);
  put(&information->stream, parts.stream);
  put(&information->final_component, last);
  // Between the volume (and share) and the final component, with both backslashes.
  const std::size_t start = (information->volume.length + std::size_t{information->share.length}) / 2;
  const std::size_t end = name.rfind(u'\\');
  const bool has_parent = end != std::u16string_view::npos && end >= start;
  put(&information->parent_dir, has_parent ? name.substr(start, end + 1 - start) : std::u16string_view());
  information->names_parsed = kAllNamesParsed;
  return kStatusSuccess;
}

}  // namespace wdscope::host
