// SPDX-License-Identifier: MIT
// The two callback objects: made or opened by name, and the registration on the Nri object.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. Creates the permanent, multiple-callback object `name`, or opens the one that is there; attributes
// 0x210. *object gets one reference. ExCreateCallback's status, or STATUS_UNSUCCESSFUL when it gave no object.
[[nodiscard]] NTSTATUS MpCreateCallback(PCALLBACK_OBJECT* object, PCWSTR name);

// PASSIVE_LEVEL. STATUS_INVALID_PARAMETER for a null argument, STATUS_UNSUCCESSFUL when NT gives no registration.
[[nodiscard]] NTSTATUS MpRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION function, PVOID context,
                                          PVOID* registration);

}  // namespace wdscope::notifier
