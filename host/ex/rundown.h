// SPDX-License-Identifier: MIT
// Rundown protection: users come and go until someone waits for the last one to leave, and then no more come.
// Acquire and release <= DISPATCH_LEVEL; waiting <= APC_LEVEL.
#pragma once

#include "host/nt/ex.h"

namespace wdscope::host {

NTAPI void ExInitializeRundownProtection(RundownRef* ref);
NTAPI void ExReInitializeRundownProtection(RundownRef* ref);  // only after rundown has completed: else bug check
NTAPI Boolean ExAcquireRundownProtection(RundownRef* ref);
NTAPI Boolean ExAcquireRundownProtectionEx(RundownRef* ref, Ulong count);
NTAPI void ExReleaseRundownProtection(RundownRef* ref);
NTAPI void ExReleaseRundownProtectionEx(RundownRef* ref, Ulong count);
NTAPI void ExRundownCompleted(RundownRef* ref);
NTAPI void ExWaitForRundownProtectionRelease(RundownRef* ref);

// The cache-aware kind is an allocated object with the same contract; here it holds one plain reference.
struct CacheAwareRundown {
  RundownRef ref;
};
NTAPI CacheAwareRundown* ExAllocateCacheAwareRundownProtection(Ulong pool_type, Ulong tag);
NTAPI void ExFreeCacheAwareRundownProtection(CacheAwareRundown* object);
NTAPI SizeT ExSizeOfRundownProtectionCacheAware();
NTAPI void ExInitializeRundownProtectionCacheAware(CacheAwareRundown* object, SizeT size);
NTAPI void ExReInitializeRundownProtectionCacheAware(CacheAwareRundown* object);
NTAPI Boolean ExAcquireRundownProtectionCacheAware(CacheAwareRundown* object);
NTAPI Boolean ExAcquireRundownProtectionCacheAwareEx(CacheAwareRundown* object, Ulong count);
NTAPI void ExReleaseRundownProtectionCacheAware(CacheAwareRundown* object);
NTAPI void ExReleaseRundownProtectionCacheAwareEx(CacheAwareRundown* object, Ulong count);
NTAPI void ExRundownCompletedCacheAware(CacheAwareRundown* object);
NTAPI void ExWaitForRundownProtectionReleaseCacheAware(CacheAwareRundown* object);

}  // namespace wdscope::host
