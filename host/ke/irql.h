// SPDX-License-Identifier: MIT
// IRQL and regions in which APCs are held back, as drivers import them. All at any IRQL.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

NTAPI Irql KeGetCurrentIrql();
NTAPI Irql KfRaiseIrql(Irql to);
NTAPI void KeRaiseIrql(Irql to, Irql* old);
NTAPI void KeLowerIrql(Irql to);
NTAPI Irql KeRaiseIrqlToDpcLevel();

NTAPI void KeEnterCriticalRegion();
NTAPI void KeLeaveCriticalRegion();  // bug check 0xC4 (0x3E) when it was not entered
NTAPI void KeEnterGuardedRegion();
NTAPI void KeLeaveGuardedRegion();
NTAPI Boolean KeAreApcsDisabled();     // normal kernel APCs
NTAPI Boolean KeAreAllApcsDisabled();  // special ones too: guarded region or IRQL >= APC_LEVEL

}  // namespace wdscope::host
