// SPDX-License-Identifier: MIT
// Whether a process is trusted: the rule, and the two transitions with their counters, messages and notifications.
// Source: research wdfilter-research (25080). All: PASSIVE_LEVEL, no lock held, the caller holds a reference.
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// Flag 0x40 goes on or off under the table lock; only a real change notifies. The message goes before the notification,
// and MpSetUntrustedProcess sends its own whenever exactly one process is untrusted, even if this call changed nothing.
void MpSetTrustedProcess(MP_PROCESS_CONTEXT* context);
void MpSetUntrustedProcess(MP_PROCESS_CONTEXT* context);

// Whether behaviour monitoring cares for the process. False for null.
bool MpShouldSendBmMessage(MP_PROCESS_CONTEXT* context);

// Applies the rule: trusted by rule 0x20, by being none of behaviour monitoring's business, or by flags 0x18.
void MpUpdateProcessTrust(MP_PROCESS_CONTEXT* context);

}  // namespace wdscope::notifier
