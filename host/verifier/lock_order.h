// SPDX-License-Identifier: MIT
// Which locks a thread holds, and in which order locks have ever been taken. Taking B while holding A records A -> B;
// a later way from B to A is a deadlock that only needs bad luck, and is bug-checked at once with both stacks.
//
// A thread that holds nothing pays one store and one load. Locks are known by their address: lock_order_forget() must
// be told when the memory goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/nt/base.h"

namespace wdscope::host {

enum class LockKind : std::uint8_t { SpinLock, Resource, FastMutex, PushLock, Mutex };
const char* lock_kind_name(LockKind kind);

inline constexpr unsigned kMaximumLocksHeld = 32;

struct HeldLocks {
  std::uint32_t count;
  struct {
    const void* lock;
    LockKind kind;
  } locks[kMaximumLocksHeld];
};
HeldLocks& held_locks();  // the calling thread's

// Before blocking for a lock: bug-checks 0xC4 on an inversion. Not for try-acquires: those cannot deadlock.
NTAPI void lock_order_check(const void* lock, LockKind kind) noexcept;
NTAPI void lock_acquired(const void* lock, LockKind kind) noexcept;
// False if the calling thread does not hold it.
NTAPI bool lock_released(const void* lock) noexcept;
bool lock_is_held(const void* lock);

// The memory [start, start + size) goes: nothing is known any more of the locks in it. Cheap when none was.
void lock_order_forget(const void* start, std::size_t size);

// "ERESOURCE 0x7F.., spin lock 0x7F.." held by the calling thread; empty if none.
std::string describe_held_locks();

}  // namespace wdscope::host
