// SPDX-License-Identifier: MIT
// The filter manager's names of files, for the files that this machine has (host/io/image_file.h). Callers need not be
// registered as minifilters for these.
#pragma once

#include "host/flt/parse_name.h"
#include "host/nt/base.h"

namespace wdscope::host {

struct FileObject;

// The lowest byte of the options chooses the format, the next one how to find the name; further bits are flags.
inline constexpr Ulong kFileNameNormalized = 0x001;
inline constexpr Ulong kFileNameOpened = 0x002;
inline constexpr Ulong kFileNameQueryDefault = 0x100;

// <= APC_LEVEL. The full name with its volume; no part is parsed yet. Normalized: the true name, long names throughout,
// without a trailing :$DATA or ::$DATA. Opened: as it was opened. The caller owes FltReleaseFileNameInformation.
// INVALID_PARAMETER: another format or no way to find it, a file that is not on a volume, no place for the answer.
// `instance` may be null and is not looked at. STATUS_FILE_CLOSED (assumed) after the file's cleanup;
// INSUFFICIENT_RESOURCES. Short names: NOT_SUPPORTED, this machine has none.
NtStatus NTAPI FltGetFileNameInformationUnsafe(FileObject* file, void* instance, Ulong options,
                                               FltFileNameInformation** information);
// <= APC_LEVEL. The last release frees it.
void NTAPI FltReferenceFileNameInformation(FltFileNameInformation* information);
void NTAPI FltReleaseFileNameInformation(FltFileNameInformation* information);

}  // namespace wdscope::host
