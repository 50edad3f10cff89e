// SPDX-License-Identifier: MIT
// ERESOURCE: shared and exclusive, recursive, owned by thread (or by an owner pointer). Acquire <= APC_LEVEL with
// normal kernel APCs disabled; release <= DISPATCH_LEVEL. Who gets in, for a request that finds other owners:
//
//   state                          SharedLite  SharedStarveExclusive  SharedWaitForExclusive  ExclusiveLite
//   shared, no exclusive waiter    yes         yes                    yes                     no
//   shared, exclusive waiter       no          yes                    no                      no
//   shared by me too, excl. waiter yes         yes                    no                      no
//   exclusive by another           no          no                     no                      no
//
// A wait that can never end (shared owner wants exclusive) is bug-checked. Source: tests that run on real Windows.
#pragma once

#include "host/nt/ex.h"

namespace wdscope::host {

NTAPI NtStatus ExInitializeResourceLite(Resource* resource);
NTAPI NtStatus ExReinitializeResourceLite(Resource* resource);
NTAPI NtStatus ExDeleteResourceLite(Resource* resource);  // bug-checks when held, awaited or not initialised

NTAPI Boolean ExAcquireResourceExclusiveLite(Resource* resource, Boolean wait);
NTAPI Boolean ExAcquireResourceSharedLite(Resource* resource, Boolean wait);
NTAPI Boolean ExAcquireSharedStarveExclusive(Resource* resource, Boolean wait);
NTAPI Boolean ExAcquireSharedWaitForExclusive(Resource* resource, Boolean wait);
NTAPI Boolean ExTryToAcquireResourceExclusiveLite(Resource* resource);
NTAPI void ExReleaseResourceLite(Resource* resource);
NTAPI void ExReleaseResourceForThreadLite(Resource* resource, std::uint64_t owner);
NTAPI void ExConvertExclusiveToSharedLite(Resource* resource);
NTAPI void ExSetResourceOwnerPointer(Resource* resource, void* owner);  // low bits of `owner` are 11

NTAPI Boolean ExIsResourceAcquiredExclusiveLite(Resource* resource);  // by this thread
NTAPI Ulong ExIsResourceAcquiredSharedLite(Resource* resource);       // this thread's recursion, exclusive too
NTAPI Ulong ExGetExclusiveWaiterCount(Resource* resource);
NTAPI Ulong ExGetSharedWaiterCount(Resource* resource);

// Critical region and lock in one; they return the thread's Win32Thread, which is null here.
NTAPI void* ExEnterCriticalRegionAndAcquireResourceExclusive(Resource* resource);
NTAPI void* ExEnterCriticalRegionAndAcquireResourceShared(Resource* resource);
NTAPI void* ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(Resource* resource);
NTAPI void ExReleaseResourceAndLeaveCriticalRegion(Resource* resource);

}  // namespace wdscope::host
