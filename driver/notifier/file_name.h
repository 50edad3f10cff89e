// SPDX-License-Identifier: MIT
// The last component of a path, as the filter manager takes it apart.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// <= APC_LEVEL. *file_name points into `path`. FltParseFileName's status; then *file_name is untouched.
[[nodiscard]] NTSTATUS final_component(PCUNICODE_STRING path, UNICODE_STRING* file_name);

// PASSIVE_LEVEL. As RtlEqualUnicodeString without case, but a difference in length costs no call.
inline bool equal_names(const UNICODE_STRING& one, const UNICODE_STRING& other) {
  return one.Length == other.Length && RtlEqualUnicodeString(&one, &other, TRUE);
}

}  // namespace wdscope::notifier
