// SPDX-License-Identifier: MIT
// The pool as drivers import it. Nothing here can raise an exception to a driver: where Windows would raise on failure,
// the host bug-checks 0x1E with the status that would have been raised.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

NTAPI void* ExAllocatePool(Ulong pool_type, SizeT size);
NTAPI void* ExAllocatePoolWithTag(Ulong pool_type, SizeT size, Ulong tag);
NTAPI void* ExAllocatePoolWithTagPriority(Ulong pool_type, SizeT size, Ulong tag, Ulong priority);
NTAPI void* ExAllocatePoolWithQuotaTag(Ulong pool_type, SizeT size, Ulong tag);
NTAPI void* ExAllocatePool2(std::uint64_t flags, SizeT size, Ulong tag);
NTAPI void* ExAllocatePool3(std::uint64_t flags, SizeT size, Ulong tag, const void* parameters, Ulong count);
NTAPI void ExFreePool(void* block);
NTAPI void ExFreePoolWithTag(void* block, Ulong tag);
NTAPI void ExFreePool2(void* block, Ulong tag, const void* parameters, Ulong count);

// For the executive's default lookaside routines: `caller` is the driver's.
void* allocate_for_lookaside(Ulong pool_type, SizeT size, Ulong tag, void* caller);

}  // namespace wdscope::host
