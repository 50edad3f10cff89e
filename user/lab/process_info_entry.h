// SPDX-License-Identifier: MIT
// What the service decided about a process, as the entry that tells the notifier: in the answer to its creation, and in
// SET_PROCESS_INFO while it runs. What an entry of 1910 has no place for (rules2, rules3, cloud_sync, hardening) stays
// unsaid. Layouts: abi/defender/messages.h.
#pragma once

#include "abi/defender/messages.h"
#include "lab/engine_message.h"
#include "lab/policy.h"

namespace wdscope {

void set_entry(defender::PROCESS_INFO_1910& entry, const CreateMessage& process, const Decision& decision);
void set_entry(defender::PROCESS_INFO_25080& entry, const CreateMessage& process, const Decision& decision);

}  // namespace wdscope
