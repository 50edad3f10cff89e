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

// PASSIVE_LEVEL. STATUS_SUCCESS when nobody is registered on the object. WdFilter alone registers on the Nri object, so
// a registration there means that a live Defender, or another notifier, owns the pair: STATUS_ALREADY_REGISTERED.
// STATUS_REVISION_MISMATCH when the object is not laid out as known, or the failure to read it. Source of the layout:
// research into the executive's callback objects; it stands at these places in every known Windows for x64.
[[nodiscard]] NTSTATUS require_no_owner(PCALLBACK_OBJECT object);

}  // namespace wdscope::notifier
