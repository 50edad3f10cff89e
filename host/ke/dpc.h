// SPDX-License-Identifier: MIT
// Deferred procedure calls and timers. One host thread runs DPCs at DISPATCH_LEVEL in order of queueing (importance and
// target processor are taken and have no effect); another watches the timers.
#pragma once

#include <string>
#include <vector>

#include "host/nt/base.h"
#include "host/nt/ke.h"

namespace wdscope::host {

class LoadedImage;

NTAPI void KeInitializeDpc(KDpc* dpc, DeferredRoutine routine, void* context);
NTAPI Boolean KeInsertQueueDpc(KDpc* dpc, void* argument1, void* argument2);  // 0: already queued
NTAPI Boolean KeRemoveQueueDpc(KDpc* dpc);                                    // 1: it was queued, and is no more
NTAPI void KeFlushQueuedDpcs();  // PASSIVE_LEVEL: returns when none is queued or running
NTAPI void KeSetImportanceDpc(KDpc* dpc, Ulong importance);
NTAPI void KeSetTargetProcessorDpc(KDpc* dpc, std::int8_t number);

NTAPI void KeInitializeTimer(KTimer* timer);
NTAPI void KeInitializeTimerEx(KTimer* timer, Ulong type);  // 0 notification, 1 synchronization
// due_time as the timeout of a wait; returns whether the timer was set already. <= DISPATCH_LEVEL.
NTAPI Boolean KeSetTimer(KTimer* timer, std::int64_t due_time, KDpc* dpc);
NTAPI Boolean KeSetTimerEx(KTimer* timer, std::int64_t due_time, Long period_ms, KDpc* dpc);
NTAPI Boolean KeSetCoalescableTimer(KTimer* timer, std::int64_t due_time, Ulong period_ms, Ulong delay_ms, KDpc* dpc);
NTAPI Boolean KeCancelTimer(KTimer* timer);
NTAPI Boolean KeReadStateTimer(KTimer* timer);

// Timers that are set and DPCs that are queued whose code or storage is in the image's memory.
std::vector<std::string> timers_and_dpcs_of(const LoadedImage& image);

}  // namespace wdscope::host
