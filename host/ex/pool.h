// SPDX-License-Identifier: MIT
// Pool: allocations that remember who made them. Each carries its tag, its kind, its owner driver and its call site, is
// surrounded by guard bytes (poisoned under AddressSanitizer), and is quarantined when freed.
#pragma once

#include <string>
#include <vector>

#include "host/machine.h"
#include "host/nt/base.h"

namespace wdscope::host {

enum class PoolKind : std::uint8_t { Nonpaged, Paged };
enum class PoolFill : std::uint8_t { Garbage, Zero };

class LoadedImage;

// Checks the IRQL (0xC4: nonpaged <= DISPATCH_LEVEL, paged <= APC_LEVEL) and the tag (0xC2).
// Null when memory is out, the size is beyond 64 MiB or the fault plan says so. 16-byte aligned; a page or more:
// page-aligned. Uninitialised memory is filled with 0xA5 so that use of it shows. `owner` is the driver image that
// holds `caller`, or the host.
NTAPI void* pool_allocate(PoolKind kind, std::size_t size, Ulong tag, void* caller,
                          PoolFill fill = PoolFill::Garbage) noexcept;

// Bug-checks 0xC2 on a foreign address, double free, tag mismatch (tag 0: not compared) or damaged guard.
NTAPI void pool_free(void* block, Ulong tag, void* caller) noexcept;

// Memory that the executive itself hands to drivers (objects, IRPs, registrations): same heap, owner "host".
NTAPI void* pool_allocate_for_host(std::size_t size, Ulong tag, PoolFill fill = PoolFill::Garbage) noexcept;
NTAPI void pool_free_for_host(void* block) noexcept;

// What code of `owner` has allocated and not freed; null: the executive itself.
PoolUse pool_use_of(const LoadedImage* owner);
// The same, a line for each block (at most `limit`): size, kind, tag, and who allocated it.
std::vector<std::string> describe_pool_blocks_of(const LoadedImage* owner, std::size_t limit);
// What code of `owner` has allocated and not freed, by tag and kind.
std::vector<DriverHoldings::PoolTag> pool_tags_of(const LoadedImage* owner);
// "offset 16 of a 32-byte nonpaged block, tag 'MPbc'"; `address` is in a block.
std::string pool_place_of(const void* address);
// Whose the block around `address` is: only to compare; null: nobody's, or the executive's.
const LoadedImage* pool_owner_of(const void* address);
// The image goes: blocks it leaves behind are the executive's from now on.
void pool_disown(const LoadedImage* owner);

// "8 bytes behind a 64-byte nonpaged block, tag 'MPbc', allocated at x.sys!f, freed at x.sys!g"; empty if the address
// is not of the pool. Callable in a signal handler for a fault in driver code.
std::string describe_pool_address(const void* address);
bool is_pool_address(const void* address);
bool is_paged_pool_address(const void* address);

// A lock at `address` is known to the lock order: tell it when that block is freed.
void pool_mark_lock(const void* address);

// The lowest address that counts as kernel space. MmHighestUserAddress and MmSystemRangeStart say the same.
// Linux maps downwards from 0x7FFF'FFFF'F000, up to 2^32 pages of it at random: all of that is kernel space here.
inline constexpr std::uint64_t kSystemRangeStart = 0x0000'6F00'0000'0000;

}  // namespace wdscope::host
