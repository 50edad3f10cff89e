// SPDX-License-Identifier: MIT
// Whether somebody else owns the pair of callback objects already.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. STATUS_SUCCESS when nobody is registered on the object. WdFilter alone registers on the Nri object, so
// a registration there means that a live Defender, or another notifier, owns the pair: STATUS_ALREADY_REGISTERED.
// STATUS_REVISION_MISMATCH when the object is not laid out as known, or the failure to read it. Source of the layout:
// research into the executive's callback objects; it stands at these places in every known Windows for x64.
[[nodiscard]] NTSTATUS require_no_owner(PCALLBACK_OBJECT object);

// PASSIVE_LEVEL. Tells the debugger, and who listens to our ETW provider (abi/wire/notifier_tracing.h), that the start
// ends with this status for the sake of the object of that name.
void report_owner(PCWSTR name, NTSTATUS status);

}  // namespace wdscope::notifier
