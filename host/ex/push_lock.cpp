// SPDX-License-Identifier: MIT
// The word: low half is the state (bit 0: held exclusively, bits 1 and up: count of shared holders), high half counts
// exclusive waiters. Waiters sleep on the low half; a release that frees the lock, with anyone perhaps asleep, wakes
// all.
#include "host/ex/push_lock.h"

#include <atomic>
#include <climits>

#include "host/ke/irql.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint64_t kExclusive = 1, kShare = 2, kSleepers = 1U << 31, kWaitingWriter = 1ULL << 32;
constexpr std::uint64_t kStateMask = 0x7FFF'FFFF;

std::atomic_ref<std::uint64_t> word_of(PushLockWord* lock) {
  return std::atomic_ref(*lock);
}

[[noreturn, gnu::cold, gnu::noinline]] void violation(std::uint64_t rule, const PushLockWord* lock, const char* text) {
  bug_check(kDriverVerifierDetectedViolation, {rule, reinterpret_cast<std::uintptr_t>(lock), *lock, 0},
            std::string(text) + " (push lock " + hex(lock) + ")");
}

void prepare(PushLockWord* lock, const char* routine) {
  require_irql_at_most(kApcLevel, routine);
  require_apcs_disabled(routine);
  if (held_locks().count == 0) return;
  if (lock_is_held(lock))
    violation(0x1004, lock, "a push lock was acquired by a thread that holds it: it would never end");
  lock_order_check(lock, LockKind::PushLock);
}

bool try_exclusive(PushLockWord* lock) {
  std::uint64_t seen = word_of(lock).load(std::memory_order_relaxed);
  while ((seen & kStateMask) == 0) {
    if (word_of(lock).compare_exchange_weak(seen, seen | kExclusive, std::memory_order_acquire)) return true;
  }
  return false;
}

bool try_shared(PushLockWord* lock) {
  std::uint64_t seen = word_of(lock).load(std::memory_order_relaxed);
  while (!(seen & kExclusive) && seen < kWaitingWriter) {
    if (word_of(lock).compare_exchange_weak(seen, seen + kShare, std::memory_order_acquire)) return true;
  }
  return false;
}

// Says that there are sleepers and sleeps until the state changes.
void sleep(PushLockWord* lock) {
  const std::uint64_t seen = word_of(lock).fetch_or(kSleepers, std::memory_order_relaxed) | kSleepers;
  if ((seen & kStateMask) == 0) {
    sched_yield();  // free this instant; if not for us, then for a writer that is about to take it
    return;
  }
  futex_wait(lock, static_cast<std::uint32_t>(seen), -1);
}

[[gnu::noinline]] void wait_exclusive(PushLockWord* lock) {
  word_of(lock).fetch_add(kWaitingWriter, std::memory_order_relaxed);
  for (;;) {
    std::uint64_t seen = word_of(lock).load(std::memory_order_relaxed);
    if ((seen & kStateMask) == 0) {
      if (word_of(lock).compare_exchange_weak(seen, (seen | kExclusive) - kWaitingWriter, std::memory_order_acquire)) {
        return;
      }
      continue;
    }
    sleep(lock);
  }
}

[[gnu::noinline]] void wait_shared(PushLockWord* lock) {
  while (!try_shared(lock)) sleep(lock);
}

void wake_sleepers(PushLockWord* lock, std::uint64_t after) {
  if ((after & kSleepers) && (after & kStateMask) == 0) [[unlikely]] {
    word_of(lock).fetch_and(~kSleepers, std::memory_order_relaxed);
    futex_wake(lock, INT_MAX);
  }
}

void release(PushLockWord* lock, std::uint64_t part, const char* routine) {
  require_irql_at_most(kApcLevel, routine);
  if (!lock_released(lock)) [[unlikely]] {
    violation(0x1005, lock, "a push lock was released by a thread that does not hold it");
  }
  const std::uint64_t seen = word_of(lock).load(std::memory_order_relaxed);
  if (part == kExclusive ? !(seen & kExclusive) : (seen & kExclusive) || (seen & kStateMask) < kShare) [[unlikely]] {
    violation(0x1007, lock, "a push lock was released in another mode than it was acquired");
  }
  wake_sleepers(lock, word_of(lock).fetch_sub(part, std::memory_order_release) - part);
}

}  // namespace

NTAPI void ExInitializePushLock(PushLockWord* lock) {
  word_of(lock).store(0);
}

NTAPI void ExAcquirePushLockExclusiveEx(PushLockWord* lock, Ulong) {
  prepare(lock, "ExAcquirePushLockExclusive");
  if (!try_exclusive(lock)) wait_exclusive(lock);
  lock_acquired(lock, LockKind::PushLock);
}

NTAPI void ExAcquirePushLockSharedEx(PushLockWord* lock, Ulong) {
  prepare(lock, "ExAcquirePushLockShared");
  if (!try_shared(lock)) wait_shared(lock);
  lock_acquired(lock, LockKind::PushLock);
}

NTAPI Boolean ExTryAcquirePushLockExclusiveEx(PushLockWord* lock, Ulong) {
  require_apcs_disabled("ExTryAcquirePushLockExclusive");
  if (!try_exclusive(lock)) return 0;
  lock_acquired(lock, LockKind::PushLock);
  return 1;
}

NTAPI Boolean ExTryAcquirePushLockSharedEx(PushLockWord* lock, Ulong) {
  require_apcs_disabled("ExTryAcquirePushLockShared");
  if (!try_shared(lock)) return 0;
  lock_acquired(lock, LockKind::PushLock);
  return 1;
}

NTAPI void ExReleasePushLockExclusiveEx(PushLockWord* lock, Ulong) {
  release(lock, kExclusive, "ExReleasePushLockExclusive");
}
NTAPI void ExReleasePushLockSharedEx(PushLockWord* lock, Ulong) {
  release(lock, kShare, "ExReleasePushLockShared");
}

NTAPI void ExReleasePushLockEx(PushLockWord* lock, Ulong) {
  const bool exclusive = word_of(lock).load(std::memory_order_relaxed) & kExclusive;
  release(lock, exclusive ? kExclusive : kShare, "ExReleasePushLock");
}

NTAPI void ExfAcquirePushLockExclusive(PushLockWord* lock) {
  ExAcquirePushLockExclusiveEx(lock, 0);
}
NTAPI void ExfAcquirePushLockShared(PushLockWord* lock) {
  ExAcquirePushLockSharedEx(lock, 0);
}
NTAPI void ExfReleasePushLock(PushLockWord* lock) {
  ExReleasePushLockEx(lock, 0);
}
NTAPI void ExfReleasePushLockExclusive(PushLockWord* lock) {
  ExReleasePushLockExclusiveEx(lock, 0);
}
NTAPI void ExfReleasePushLockShared(PushLockWord* lock) {
  ExReleasePushLockSharedEx(lock, 0);
}

NTAPI void FltInitializePushLock(PushLockWord* lock) {
  ExInitializePushLock(lock);
}

NTAPI void FltDeletePushLock(PushLockWord* lock) {
  if ((word_of(lock).load() & kStateMask) != 0) violation(0x1008, lock, "a push lock was deleted while it was held");
}

NTAPI void FltAcquirePushLockExclusive(PushLockWord* lock) {
  KeEnterCriticalRegion();
  ExAcquirePushLockExclusiveEx(lock, 0);
}

NTAPI void FltAcquirePushLockShared(PushLockWord* lock) {
  KeEnterCriticalRegion();
  ExAcquirePushLockSharedEx(lock, 0);
}

NTAPI void FltReleasePushLock(PushLockWord* lock) {
  ExReleasePushLockEx(lock, 0);
  KeLeaveCriticalRegion();
}

}  // namespace wdscope::host
