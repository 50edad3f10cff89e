// SPDX-License-Identifier: MIT
#include "host/flt/parse_name.h"

#include "host/ke/thread.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kAllNamesParsed = 0xF;  // final component, extension, stream, parent directory

struct Parts {
  std::u16string_view final_component, extension, stream;
};

// One look from the end: what a name's parts are is decided by its last backslash, the first colon and the last dot
// behind that.
NTAPI Parts parse(std::u16string_view name) noexcept {
  constexpr auto kNone = std::u16string_view::npos;
  Parts parts;
  std::size_t colon = kNone, dot = kNone;
  std::size_t start = name.size();
  for (; start != 0 && name[start - 1] != u'\\'; --start) {
    if (name[start - 1] == u':') {
      colon = start - 1;
      dot = kNone;
    } else if (name[start - 1] == u'.' && dot == kNone) {
      dot = start - 1;
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
