// SPDX-License-Identifier: MIT
// Fast mutexes and guarded mutexes: not recursive, owned. <= APC_LEVEL. A second acquire by the owner is bug-checked
// (Windows would hang).
#pragma once

#include "host/nt/ex.h"

namespace wdscope::host {

NTAPI void ExInitializeFastMutex(FastMutex* mutex);
NTAPI void ExAcquireFastMutex(FastMutex* mutex);  // raises to APC_LEVEL
NTAPI void ExReleaseFastMutex(FastMutex* mutex);  // back to the IRQL before
NTAPI Boolean ExTryToAcquireFastMutex(FastMutex* mutex);
NTAPI void ExAcquireFastMutexUnsafe(FastMutex* mutex);  // APCs must be disabled already
NTAPI void ExReleaseFastMutexUnsafe(FastMutex* mutex);
NTAPI void ExEnterCriticalRegionAndAcquireFastMutexUnsafe(FastMutex* mutex);
NTAPI void ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(FastMutex* mutex);

NTAPI void KeInitializeGuardedMutex(FastMutex* mutex);
NTAPI void KeAcquireGuardedMutex(FastMutex* mutex);  // enters a guarded region
NTAPI void KeReleaseGuardedMutex(FastMutex* mutex);
NTAPI Boolean KeTryToAcquireGuardedMutex(FastMutex* mutex);
NTAPI void KeAcquireGuardedMutexUnsafe(FastMutex* mutex);
NTAPI void KeReleaseGuardedMutexUnsafe(FastMutex* mutex);

}  // namespace wdscope::host
