// SPDX-License-Identifier: MIT
// Strings of a context: one paged block, tag "Mpus", a UNICODE_STRING header with its text behind it and a terminator
// that is not counted.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// <= APC_LEVEL. Null when memory is out. The maximum length does not count the terminator when the text is as long as a
// counted string can be.
PUNICODE_STRING duplicate_string(const UNICODE_STRING& source);
void free_string(PUNICODE_STRING string);  // null is allowed

inline bool is_present(PCUNICODE_STRING string) {
  return string && string->Buffer && string->Length;
}

}  // namespace wdscope::notifier
