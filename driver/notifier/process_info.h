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

}  // namespace wdscope::notifier
