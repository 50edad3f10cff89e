// SPDX-License-Identifier: MIT
// Lookaside lists: caches of equal blocks over the pool. Allocating and freeing are inline in drivers, by the real
// layout. The list must be deleted before unload; that frees what it caches.
#pragma once

#include <string>
#include <vector>

#include "host/nt/ex.h"

namespace wdscope::host {

class LoadedImage;

// `allocate` and `free` null: the pool. Depth is ignored: 4 now, 256 at most, as on Windows.
NTAPI void ExInitializePagedLookasideList(LookasideList* list, void* allocate, void* free, Ulong flags, SizeT size,
                                          Ulong tag, std::uint16_t depth);
NTAPI void ExInitializeNPagedLookasideList(LookasideList* list, void* allocate, void* free, Ulong flags, SizeT size,
                                           Ulong tag, std::uint16_t depth);
NTAPI void ExDeletePagedLookasideList(LookasideList* list);
NTAPI void ExDeleteNPagedLookasideList(LookasideList* list);

// The Ex kind: <= DISPATCH_LEVEL. `flags`: 0, 1 an allocation that fails raises (here a bug check 0x1E), 2 one that is
// charged to a quota does not. STATUS_INVALID_PARAMETER: both, others, or a depth other than 0.
NTAPI NtStatus ExInitializeLookasideListEx(GeneralLookaside* list, void* allocate, void* free, Ulong pool_type,
                                           Ulong flags, SizeT size, Ulong tag, std::uint16_t depth);
NTAPI void ExDeleteLookasideListEx(GeneralLookaside* list);
NTAPI void ExFlushLookasideListEx(GeneralLookaside* list);

std::vector<std::string> lookaside_lists_of(const LoadedImage& image);
void forget_lookaside_lists_of(const LoadedImage& image);

}  // namespace wdscope::host
