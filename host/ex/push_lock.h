// SPDX-License-Identifier: MIT
// Push locks: shared or exclusive, not recursive in any mode, 0 when free. Callers are in a critical region,
// <= APC_LEVEL. Shared requests queue behind waiting exclusive ones. Recursion and a release by a thread that does not
// hold the lock are bug-checked (Windows would hang, or corrupt the lock).
#pragma once

#include "host/nt/ex.h"

namespace wdscope::host {

NTAPI void ExInitializePushLock(PushLockWord* lock);
NTAPI void ExAcquirePushLockExclusiveEx(PushLockWord* lock, Ulong flags);
NTAPI void ExAcquirePushLockSharedEx(PushLockWord* lock, Ulong flags);
NTAPI Boolean ExTryAcquirePushLockExclusiveEx(PushLockWord* lock, Ulong flags);
NTAPI Boolean ExTryAcquirePushLockSharedEx(PushLockWord* lock, Ulong flags);
NTAPI void ExReleasePushLockExclusiveEx(PushLockWord* lock, Ulong flags);
NTAPI void ExReleasePushLockSharedEx(PushLockWord* lock, Ulong flags);
NTAPI void ExReleasePushLockEx(PushLockWord* lock, Ulong flags);  // whichever way it is held

// The older names; fltmgr's enter and leave the critical region themselves.
NTAPI void ExfAcquirePushLockExclusive(PushLockWord* lock);
NTAPI void ExfAcquirePushLockShared(PushLockWord* lock);
NTAPI void ExfReleasePushLock(PushLockWord* lock);
NTAPI void ExfReleasePushLockExclusive(PushLockWord* lock);
NTAPI void ExfReleasePushLockShared(PushLockWord* lock);
NTAPI void FltInitializePushLock(PushLockWord* lock);
NTAPI void FltDeletePushLock(PushLockWord* lock);
NTAPI void FltAcquirePushLockExclusive(PushLockWord* lock);
NTAPI void FltAcquirePushLockShared(PushLockWord* lock);
NTAPI void FltReleasePushLock(PushLockWord* lock);

}  // namespace wdscope::host
