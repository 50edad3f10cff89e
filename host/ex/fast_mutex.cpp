// SPDX-License-Identifier: MIT
// Invariant: count is 1 minus the holder minus the waiters. Who brings it from 1 to 0 owns the mutex; every other
// acquirer waits on the event, and a release that leaves it at 0 or below hands the mutex to one of them.
#include "host/ex/fast_mutex.h"

#include <atomic>

#include "host/ke/dispatcher.h"
#include "host/ke/irql.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

[[noreturn]] NTAPI_ASIDE void violation(std::uint64_t rule, const FastMutex* mutex, const char* text) {
  bug_check(kDriverVerifierDetectedViolation, {rule, current_thread().irql, reinterpret_cast<std::uintptr_t>(mutex), 0},
            std::string(text) + " (mutex " + hex(mutex) + ")");
}

std::atomic_ref<Thread*> owner_of(FastMutex* mutex) {
  return std::atomic_ref(mutex->owner);
}

NTAPI_ASIDE void wait_for(FastMutex* mutex) {
  std::atomic_ref(mutex->contention).fetch_add(1, std::memory_order_relaxed);
  KeWaitForSingleObject(&mutex->event, 0, 0, 0, nullptr);
}

// The caller's IRQL is already what it must be while holding the mutex.
[[gnu::always_inline]] inline void take(FastMutex* mutex, Thread& thread) {
  lock_order_check(mutex, LockKind::FastMutex);
  if (owner_of(mutex).load(std::memory_order_relaxed) == &thread) [[unlikely]] {
    violation(0x1004, mutex, "a fast or guarded mutex was acquired by the thread that holds it: it would never end");
  }
  if (std::atomic_ref(mutex->count).fetch_sub(1, std::memory_order_acquire) != 1) [[unlikely]] {
    wait_for(mutex);
  }
  owner_of(mutex).store(&thread, std::memory_order_relaxed);
  lock_acquired(mutex, LockKind::FastMutex);
}

bool try_take(FastMutex* mutex, Thread& thread) {
  Long expected = 1;
  if (!std::atomic_ref(mutex->count).compare_exchange_strong(expected, 0, std::memory_order_acquire)) return false;
  owner_of(mutex).store(&thread, std::memory_order_relaxed);
  lock_acquired(mutex, LockKind::FastMutex);
  return true;
}

[[gnu::always_inline]] inline void give(FastMutex* mutex, Thread& thread) {
  if (owner_of(mutex).load(std::memory_order_relaxed) != &thread) [[unlikely]] {
    violation(0x1005, mutex, "a fast or guarded mutex was released by a thread that does not hold it");
  }
  owner_of(mutex).store(nullptr, std::memory_order_relaxed);
  lock_released(mutex);
  if (std::atomic_ref(mutex->count).fetch_add(1, std::memory_order_release) < 0) [[unlikely]] {
    KeSetEvent(&mutex->event, 0, 0);
  }
}

NTAPI void require_acquire_irql(const FastMutex* mutex, const Thread& thread) noexcept {
  if (thread.irql > kApcLevel) [[unlikely]] {
    violation(0x33, mutex, "a fast or guarded mutex was acquired above APC_LEVEL");
  }
}

void require_unsafe(const FastMutex* mutex, const Thread& thread, std::uint64_t rule) {
  if (thread.irql != kApcLevel && thread.kernel_apc_disable == 0 && thread.special_apc_disable == 0) [[unlikely]] {
    violation(rule, mutex, "an unsafe fast mutex routine was called with APCs enabled");
  }
}

}  // namespace

NTAPI void ExInitializeFastMutex(FastMutex* mutex) {
  *mutex = {};
  mutex->count = 1;
  KeInitializeEvent(&mutex->event, 1, 0);
}

NTAPI void ExAcquireFastMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_acquire_irql(mutex, thread);
  const Irql old = thread.irql;
  thread.irql = kApcLevel;
  take(mutex, thread);
  mutex->old_irql = old;
}

NTAPI void ExReleaseFastMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  if (thread.irql != kApcLevel) [[unlikely]] {
    violation(0x34, mutex, "a fast mutex was released not at APC_LEVEL");
  }
  const auto old = static_cast<Irql>(mutex->old_irql);
  give(mutex, thread);
  thread.irql = old;
}

NTAPI Boolean ExTryToAcquireFastMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_acquire_irql(mutex, thread);
  if (!try_take(mutex, thread)) return 0;
  mutex->old_irql = thread.irql;
  thread.irql = kApcLevel;
  return 1;
}

NTAPI void ExAcquireFastMutexUnsafe(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_acquire_irql(mutex, thread);
  require_unsafe(mutex, thread, 0x39);
  take(mutex, thread);
}

NTAPI void ExReleaseFastMutexUnsafe(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_unsafe(mutex, thread, 0x3A);
  give(mutex, thread);
}

NTAPI void ExEnterCriticalRegionAndAcquireFastMutexUnsafe(FastMutex* mutex) {
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(mutex);
}

NTAPI void ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(FastMutex* mutex) {
  ExReleaseFastMutexUnsafe(mutex);
  KeLeaveCriticalRegion();
}

NTAPI void KeInitializeGuardedMutex(FastMutex* mutex) {
  ExInitializeFastMutex(mutex);
}

NTAPI void KeAcquireGuardedMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_acquire_irql(mutex, thread);
  KeEnterGuardedRegion();
  take(mutex, thread);
}

NTAPI void KeReleaseGuardedMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  if (thread.irql > kApcLevel) [[unlikely]] {
    violation(0x34, mutex, "a guarded mutex was released above APC_LEVEL");
  }
  give(mutex, thread);
  KeLeaveGuardedRegion();
}

NTAPI Boolean KeTryToAcquireGuardedMutex(FastMutex* mutex) {
  Thread& thread = current_thread();
  require_acquire_irql(mutex, thread);
  if (!try_take(mutex, thread)) return 0;
  KeEnterGuardedRegion();
  return 1;
}

NTAPI void KeAcquireGuardedMutexUnsafe(FastMutex* mutex) {
  ExAcquireFastMutexUnsafe(mutex);
}
NTAPI void KeReleaseGuardedMutexUnsafe(FastMutex* mutex) {
  ExReleaseFastMutexUnsafe(mutex);
}

}  // namespace wdscope::host
