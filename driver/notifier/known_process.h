// SPDX-License-Identifier: MIT
// The kinds of process that 25080 and later know by name and token (KnownProcessType). Source: research
// wdfilter-research (25080); the names of the TrustedInstaller family and of the host of Cryptographic Services are
// assumed, those that make a process relevant to data-loss prevention are not published and not here.
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL, while the context is made, image name already there. Sets KnownProcessType and the dllhost bit; a
// token that cannot be asked means none of its services. Nothing happens in a profile without these members.
// `parent_process_id` may be null.
void classify_known_process(PEPROCESS process, MP_PROCESS_CONTEXT* context, HANDLE parent_process_id);

// Whether the process belongs to the TrustedInstaller family.
bool is_trusted_installer(defender::MP_PROCESS_CONTEXT_25080* context);

// <= APC_LEVEL. The only way to change KnownProcessType: how many contexts are of the TrustedInstaller
// family is counted, so that nobody's parent is looked for while there is none.
void set_known_type(defender::MP_PROCESS_CONTEXT_25080* context, defender::KnownProcessType type);

}  // namespace wdscope::notifier
