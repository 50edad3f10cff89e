// SPDX-License-Identifier: MIT
// The copy cache of a process (25080 and later): the block that its context owns and cannot be without. What Defender
// keeps in it belongs to file scanning and is not published: here it stays empty.
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// assumed: only tag, lookaside list and place in the context are published.
inline constexpr ULONG kCopyCacheSize = 0x40;

// PASSIVE_LEVEL. stop_copy_caches() does nothing when it was not started; no context may be left then.
void start_copy_caches();
void stop_copy_caches();

// <= APC_LEVEL. STATUS_INSUFFICIENT_RESOURCES.
[[nodiscard]] NTSTATUS create_copy_cache(defender::MP_PROCESS_CONTEXT_25080* context);
void free_copy_cache(defender::MP_PROCESS_CONTEXT_25080* context);

}  // namespace wdscope::notifier
