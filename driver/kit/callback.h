// SPDX-License-Identifier: MIT
// How Defender's drivers make or open an executive callback object and register on one: WdFilter's wrappers, which
// WdNisDrv has too.
#pragma once

#include "kit/nt.h"

namespace wdscope::kit {

// PASSIVE_LEVEL. Creates the permanent, multiple-callback object `name`, or opens the one that is there; attributes
// 0x210. *object gets one reference. ExCreateCallback's status, or STATUS_UNSUCCESSFUL when it gave no object.
[[nodiscard]] NTSTATUS MpCreateCallback(PCALLBACK_OBJECT* object, PCWSTR name);

// PASSIVE_LEVEL. STATUS_INVALID_PARAMETER for a null argument, STATUS_UNSUCCESSFUL when NT gives no registration.
[[nodiscard]] NTSTATUS MpRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION function, PVOID context,
                                          PVOID* registration);

}  // namespace wdscope::kit
