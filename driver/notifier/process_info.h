// SPDX-License-Identifier: MIT
// The service's decision about one process, applied to its context. Source: research wdfilter-research (25080); the
// 1910 entry is assumed (abi/defender/messages.h).
#pragma once

#include "abi/defender/messages.h"
#include "notifier/process_context.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL, no lock held, the caller holds a reference. Overwrites rules, masks and blocks as whole words, without
// a lock, as Defender does; then applies the trust rule, which may notify.
void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_25080& info);
void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_1910& info);

// PASSIVE_LEVEL, no lock held. The same for the process that the entry names by id and creation time. The engine's own
// process gets rules 0x7FF and an unrestricted request mask whatever the entry says, process 4 rule 0x400 and the
// exclusion from registry hardening besides. STATUS_SUCCESS for process id 0, which means nobody; STATUS_NOT_FOUND.
[[nodiscard]] NTSTATUS MpSetOneProcessInfo(const defender::PROCESS_INFO_25080& info);
[[nodiscard]] NTSTATUS MpSetOneProcessInfo(const defender::PROCESS_INFO_1910& info);

}  // namespace wdscope::notifier
