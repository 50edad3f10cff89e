// SPDX-License-Identifier: MIT
// The Win32 error that a user-mode caller sees for an NTSTATUS.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

// 317 (ERROR_MR_MID_NOT_FOUND) for a status that has no Win32 error of its own, as Windows answers.
Ulong status_to_win32(NtStatus status);

}  // namespace wdscope::host
