// SPDX-License-Identifier: MIT
// Which locks a thread holds, and in which order locks have ever been taken. Taking B while holding A records A -> B;
// a later way from B to A is a deadlock that only needs bad luck, and is bug-checked at once with both stacks.
//
// A thread that holds nothing pays one store and one load. Locks are known by their address: lock_order_forget() must
// be told when the memory goes.
#pragma once

#include <atomic>
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

// The calling thread's. Set by the routines below alone.
extern constinit thread_local HeldLocks thread_held_locks;
inline const HeldLocks& held_locks() {
  return thread_held_locks;
}

// What those routines come to when it is not simple.
NTAPI void lock_order_check_held(const void* lock, LockKind kind) noexcept;
NTAPI_ASIDE void lock_acquired_aside(const void* lock, LockKind kind) noexcept;
NTAPI_ASIDE bool lock_released_aside(const void* lock) noexcept;
extern std::atomic<bool> locks_are_watched;  // lock_watch.h

// Before blocking for a lock: bug-checks 0xC4 on an inversion. Not for try-acquires: those cannot deadlock.
inline void lock_order_check(const void* lock, LockKind kind) {
  if (thread_held_locks.count != 0) lock_order_check_held(lock, kind);
}

inline void note_held(HeldLocks& held, const void* lock, LockKind kind) {
  held.locks[held.count].lock = lock;
  held.locks[held.count].kind = kind;
  ++held.count;
}

inline void lock_acquired(const void* lock, LockKind kind) {
  HeldLocks& held = thread_held_locks;
  if (locks_are_watched.load(std::memory_order_relaxed) || held.count == kMaximumLocksHeld) [[unlikely]] {
    lock_acquired_aside(lock, kind);
  }
  note_held(held, lock, kind);
}

// The first lock of a thread, where nobody watches: there is nothing to check, and lock_first_acquired() is all.
inline bool next_lock_is_first() {
  return thread_held_locks.count == 0 && !locks_are_watched.load(std::memory_order_relaxed);
}
inline void lock_first_acquired(const void* lock, LockKind kind) {
  note_held(thread_held_locks, lock, kind);
}

// False if the calling thread does not hold it. Nearly always it is the last that was taken.
inline bool lock_released(const void* lock) {
  HeldLocks& held = thread_held_locks;
  if (held.count != 0 && held.locks[held.count - 1].lock == lock) [[likely]] {
    --held.count;
    return true;
  }
  return lock_released_aside(lock);
}

bool lock_is_held(const void* lock);

// The memory [start, start + size) goes: nothing is known any more of the locks in it. Cheap when none was.
void lock_order_forget(const void* start, std::size_t size);

// "ERESOURCE 0x7F.., spin lock 0x7F.." held by the calling thread; empty if none.
std::string describe_held_locks();

}  // namespace wdscope::host
