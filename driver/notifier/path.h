// SPDX-License-Identifier: MIT
// Full NT paths of images that the notifier looks for, put together from its parameters. WdFilter finds the folders
// itself; here they are parameters, as the host has no system volume.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// All: PASSIVE_LEVEL. One paged block of tag `tag`, a UNICODE_STRING header with its text behind it; the caller frees
// it. Null when memory is out, or the path exceeds a counted string.
PUNICODE_STRING system_root_path(const UNICODE_STRING& below, ULONG tag);  // <SystemRootPath><below>
PUNICODE_STRING system32_path(const UNICODE_STRING& name, ULONG tag);      // <SystemRootPath>\System32\<name>
USHORT system32_length();                 // how many bytes of such a path stand before <name>
PUNICODE_STRING product_path(ULONG tag);  // <ProductPath>\MpCmdRun.exe

}  // namespace wdscope::notifier
