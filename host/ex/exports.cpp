// SPDX-License-Identifier: MIT
#include "host/exports.h"

#include "host/ex/fast_mutex.h"
#include "host/ex/lookaside.h"
#include "host/ex/pool_routines.h"
#include "host/ex/push_lock.h"
#include "host/ex/resource.h"
#include "host/ex/rundown.h"
#include "host/ex/slist.h"
#include "host/nt/export_table.h"

namespace wdscope::host {
namespace {

template <class Routine>
constexpr Export routine(const char* name, Routine* address) {
  return {name, reinterpret_cast<void*>(address)};
}

}  // namespace

std::span<const Export> ex_exports() {
  static const Export table[] = {
      NT_EXPORT(ExAllocatePool),
      NT_EXPORT(ExAllocatePoolWithTag),
      NT_EXPORT(ExAllocatePoolWithTagPriority),
      NT_EXPORT(ExAllocatePoolWithQuotaTag),
      NT_EXPORT(ExAllocatePool2),
      NT_EXPORT(ExAllocatePool3),
      NT_EXPORT(ExFreePool),
      NT_EXPORT(ExFreePoolWithTag),
      NT_EXPORT(ExFreePool2),

      NT_EXPORT(ExInitializePagedLookasideList),
      NT_EXPORT(ExInitializeNPagedLookasideList),
      NT_EXPORT(ExDeletePagedLookasideList),
      NT_EXPORT(ExDeleteNPagedLookasideList),
      NT_EXPORT(ExInitializeLookasideListEx),
      NT_EXPORT(ExDeleteLookasideListEx),
      NT_EXPORT(ExFlushLookasideListEx),

      NT_EXPORT(InitializeSListHead),
      routine("RtlInitializeSListHead", &InitializeSListHead),
      NT_EXPORT(ExpInterlockedPopEntrySList),
      routine("InterlockedPopEntrySList", &ExpInterlockedPopEntrySList),
      NT_EXPORT(ExpInterlockedPushEntrySList),
      routine("InterlockedPushEntrySList", &ExpInterlockedPushEntrySList),
      NT_EXPORT(ExpInterlockedFlushSList),
      routine("InterlockedFlushSList", &ExpInterlockedFlushSList),
      NT_EXPORT(ExQueryDepthSList),
      NT_EXPORT(ExInterlockedInsertHeadList),
      NT_EXPORT(ExInterlockedInsertTailList),
      NT_EXPORT(ExInterlockedRemoveHeadList),
      NT_EXPORT(ExInterlockedPopEntryList),
      NT_EXPORT(ExInterlockedPushEntryList),
      NT_EXPORT(ExInterlockedAddUlong),

      NT_EXPORT(ExInitializeFastMutex),
      NT_EXPORT(ExAcquireFastMutex),
      NT_EXPORT(ExReleaseFastMutex),
      NT_EXPORT(ExTryToAcquireFastMutex),
      NT_EXPORT(ExAcquireFastMutexUnsafe),
      NT_EXPORT(ExReleaseFastMutexUnsafe),
      NT_EXPORT(ExEnterCriticalRegionAndAcquireFastMutexUnsafe),
      NT_EXPORT(ExReleaseFastMutexUnsafeAndLeaveCriticalRegion),
      NT_EXPORT(KeInitializeGuardedMutex),
      NT_EXPORT(KeAcquireGuardedMutex),
      NT_EXPORT(KeReleaseGuardedMutex),
      NT_EXPORT(KeTryToAcquireGuardedMutex),
      NT_EXPORT(KeAcquireGuardedMutexUnsafe),
      NT_EXPORT(KeReleaseGuardedMutexUnsafe),

      NT_EXPORT(ExInitializePushLock),
      NT_EXPORT(ExAcquirePushLockExclusiveEx),
      NT_EXPORT(ExAcquirePushLockSharedEx),
      NT_EXPORT(ExTryAcquirePushLockExclusiveEx),
      NT_EXPORT(ExTryAcquirePushLockSharedEx),
      NT_EXPORT(ExReleasePushLockExclusiveEx),
      NT_EXPORT(ExReleasePushLockSharedEx),
      NT_EXPORT(ExReleasePushLockEx),
      NT_EXPORT(ExfAcquirePushLockExclusive),
      NT_EXPORT(ExfAcquirePushLockShared),
      NT_EXPORT(ExfReleasePushLock),
      NT_EXPORT(ExfReleasePushLockExclusive),
      NT_EXPORT(ExfReleasePushLockShared),

      NT_EXPORT(ExInitializeResourceLite),
      NT_EXPORT(ExReinitializeResourceLite),
      NT_EXPORT(ExDeleteResourceLite),
      NT_EXPORT(ExAcquireResourceExclusiveLite),
      NT_EXPORT(ExAcquireResourceSharedLite),
      NT_EXPORT(ExAcquireSharedStarveExclusive),
      NT_EXPORT(ExAcquireSharedWaitForExclusive),
      NT_EXPORT(ExTryToAcquireResourceExclusiveLite),
      NT_EXPORT(ExReleaseResourceLite),
      NT_EXPORT(ExReleaseResourceForThreadLite),
      NT_EXPORT(ExConvertExclusiveToSharedLite),
      NT_EXPORT(ExSetResourceOwnerPointer),
      NT_EXPORT(ExIsResourceAcquiredExclusiveLite),
      NT_EXPORT(ExIsResourceAcquiredSharedLite),
      NT_EXPORT(ExGetExclusiveWaiterCount),
      NT_EXPORT(ExGetSharedWaiterCount),
      NT_EXPORT(ExEnterCriticalRegionAndAcquireResourceExclusive),
      NT_EXPORT(ExEnterCriticalRegionAndAcquireResourceShared),
      NT_EXPORT(ExEnterCriticalRegionAndAcquireSharedWaitForExclusive),
      NT_EXPORT(ExReleaseResourceAndLeaveCriticalRegion),

      NT_EXPORT(ExInitializeRundownProtection),
      NT_EXPORT(ExReInitializeRundownProtection),
      NT_EXPORT(ExAcquireRundownProtection),
      NT_EXPORT(ExAcquireRundownProtectionEx),
      NT_EXPORT(ExReleaseRundownProtection),
      NT_EXPORT(ExReleaseRundownProtectionEx),
      NT_EXPORT(ExRundownCompleted),
      NT_EXPORT(ExWaitForRundownProtectionRelease),
      routine("ExfInitializeRundownProtection", &ExInitializeRundownProtection),
      routine("ExfReInitializeRundownProtection", &ExReInitializeRundownProtection),
      routine("ExfAcquireRundownProtection", &ExAcquireRundownProtection),
      routine("ExfAcquireRundownProtectionEx", &ExAcquireRundownProtectionEx),
      routine("ExfReleaseRundownProtection", &ExReleaseRundownProtection),
      routine("ExfReleaseRundownProtectionEx", &ExReleaseRundownProtectionEx),
      routine("ExfRundownCompleted", &ExRundownCompleted),
      routine("ExfWaitForRundownProtectionRelease", &ExWaitForRundownProtectionRelease),
      NT_EXPORT(ExAllocateCacheAwareRundownProtection),
      NT_EXPORT(ExFreeCacheAwareRundownProtection),
      NT_EXPORT(ExSizeOfRundownProtectionCacheAware),
      NT_EXPORT(ExInitializeRundownProtectionCacheAware),
      NT_EXPORT(ExReInitializeRundownProtectionCacheAware),
      NT_EXPORT(ExAcquireRundownProtectionCacheAware),
      NT_EXPORT(ExAcquireRundownProtectionCacheAwareEx),
      NT_EXPORT(ExReleaseRundownProtectionCacheAware),
      NT_EXPORT(ExReleaseRundownProtectionCacheAwareEx),
      NT_EXPORT(ExRundownCompletedCacheAware),
      NT_EXPORT(ExWaitForRundownProtectionReleaseCacheAware),
  };
  return table;
}

}  // namespace wdscope::host
