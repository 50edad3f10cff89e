// SPDX-License-Identifier: MIT
// Repeating what is known: the refresh that another driver asks for through the Nri object, and the first enumeration.
#pragma once

#include "abi/wire/engine_statistics.h"
#include "notifier/mp_data.h"

namespace wdscope::notifier {

// A callback of the Nri object, which any driver may notify: acts only at PASSIVE_LEVEL, when `context` is MpData,
// Argument2 is NULL and Argument1 leads to a readable 32-bit zero. (The 2019 build dereferences Argument1 unchecked,
// and a NULL stops the machine; this one never does.) What is no request is counted and does nothing.
void NTAPI MpNriNotificationCallback(PVOID context, PVOID argument1, PVOID argument2);

// Any IRQL. Since the driver was loaded.
wire::EngineStatistics refresh_statistics();

// PASSIVE_LEVEL. One type-3 notification with image name for every known process, on this thread.
void MpRefreshProcessNotifications();

// PASSIVE_LEVEL. Makes contexts for all processes that run now and judges pre-scan hook, hardening and hardening
// exclusion, without notifying. A failure is traced and leaves the
// processes that come after it without a context until they end.
void MpUpdateRunningProcesses();

}  // namespace wdscope::notifier
