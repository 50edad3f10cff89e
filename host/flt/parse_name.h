// SPDX-License-Identifier: MIT
// The filter manager's way of taking a file name apart: purely textual, the parts point into the name.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

// <= APC_LEVEL. Parts that are not there get a null buffer and no length; outputs may be null. The final component
// includes the stream part; the stream begins with its colon; the extension has no dot. A dot at the very end is no
// extension; ".hidden" is all extension (both assumed).
NtStatus NTAPI FltParseFileName(const UnicodeString* name, UnicodeString* extension, UnicodeString* stream,
                                UnicodeString* final_component);

struct FltFileNameInformation {  // FLT_FILE_NAME_INFORMATION
  std::uint16_t size;
  std::uint16_t names_parsed;
  Ulong format;
  UnicodeString name, volume, share, extension, stream, final_component, parent_dir;
};
static_assert(sizeof(FltFileNameInformation) == 0x78);

// Fills the parts of `information` from its name and volume, and all NamesParsed bits. INVALID_PARAMETER: no name.
NtStatus NTAPI FltParseFileNameInformation(FltFileNameInformation* information);

}  // namespace wdscope::host
