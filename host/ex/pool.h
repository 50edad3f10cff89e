// SPDX-License-Identifier: MIT
// Pool: allocations that remember who made them. Each carries its tag, its kind, its owner driver and its call site, is
// surrounded by guard bytes (poisoned under AddressSanitizer), and is quarantined when freed.
#pragma once

#include "host/machine.h"
#include "host/nt/base.h"

namespace wdscope::host {

enum class PoolKind : std::uint8_t { Nonpaged, Paged };

// Null when memory is out or the fault plan says so. 16-byte aligned; a page or more: page-aligned. Uninitialised
// memory is filled with 0xA5 so that use of it shows. `owner` is the driver image that holds `caller`, or the host.
void* pool_allocate(PoolKind kind, std::size_t size, Ulong tag, void* caller);

// Bug-checks 0xC2 on a foreign address, double free, tag mismatch (tag 0: not compared) or damaged guard.
void pool_free(void* block, Ulong tag, void* caller);

// Memory that the executive itself hands to drivers (objects, IRPs, registrations): same heap, owner "host".
void* pool_allocate_for_host(std::size_t size, Ulong tag);
void pool_free_for_host(void* block);

PoolUse pool_use_of(const LoadedDriver* driver);

// The lowest address that counts as kernel space. MmHighestUserAddress and MmSystemRangeStart say the same.
inline constexpr std::uint64_t kSystemRangeStart = 0x0000'7E00'0000'0000;

}  // namespace wdscope::host
