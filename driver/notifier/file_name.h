// SPDX-License-Identifier: MIT
// The last component of a path, as the filter manager takes it apart, and names compared as NT compares them. Comparing
// begins where names differ: at their ends.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// <= APC_LEVEL. *file_name points into `path`. FltParseFileName's status; then *file_name is untouched.
[[nodiscard]] NTSTATUS final_component(PCUNICODE_STRING path, UNICODE_STRING* file_name);

// PASSIVE_LEVEL. The unit by which NT compares without case.
WCHAR upcase(WCHAR unit);

// PASSIVE_LEVEL. What RtlEqualUnicodeString says of the two texts of `length` bytes without case.
bool equal_texts(const WCHAR* one, const WCHAR* other, USHORT length);

// Whether the last of `length` bytes alone tells two texts apart: letters of ASCII whose difference is more than case.
inline bool ends_differ(const WCHAR* one, const WCHAR* other, USHORT length) {
  constexpr unsigned kAsciiEnd = 0x80, kCase = 0x20;
  if (length < sizeof(WCHAR)) return false;
  const unsigned unit = one[length / sizeof(WCHAR) - 1], other_unit = other[length / sizeof(WCHAR) - 1];
  return (unit | other_unit) < kAsciiEnd && ((unit ^ other_unit) & ~kCase) != 0;
}

// PASSIVE_LEVEL. As RtlEqualUnicodeString and RtlPrefixUnicodeString without case.
inline bool equal_names(const UNICODE_STRING& one, const UNICODE_STRING& other) {
  return one.Length == other.Length && !ends_differ(one.Buffer, other.Buffer, one.Length) &&
         equal_texts(one.Buffer, other.Buffer, one.Length);
}
inline bool has_prefix(const UNICODE_STRING& name, const UNICODE_STRING& prefix) {
  return prefix.Length <= name.Length && !ends_differ(prefix.Buffer, name.Buffer, prefix.Length) &&
         equal_texts(prefix.Buffer, name.Buffer, prefix.Length);
}

}  // namespace wdscope::notifier
