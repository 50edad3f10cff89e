// SPDX-License-Identifier: MIT
#include "host/ke/spin_lock.h"

#include <atomic>

#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

std::uint64_t as_owner(const Thread& thread) {
  return reinterpret_cast<std::uintptr_t>(&thread);
}

[[noreturn]] void report(std::uint64_t rule, const KSpinLock* lock, std::string text) {
  bug_check(kDriverVerifierDetectedViolation, {rule, reinterpret_cast<std::uintptr_t>(lock), current_thread().irql, 0},
            std::move(text) + " (spin lock " + hex(lock) + ", IRQL " + std::to_string(current_thread().irql) + ")");
}

[[noreturn]] NTAPI_ASIDE void violation(std::uint64_t rule, const KSpinLock* lock, const char* text) {
  report(rule, lock, text);
}

[[noreturn]] NTAPI_ASIDE void release_raises(const KSpinLock* lock, Irql old_irql) {
  report(0x31, lock, "KeReleaseSpinLock would raise IRQL to " + std::to_string(old_irql));
}

NTAPI_ASIDE void spin_for(KSpinLock* lock, std::uint64_t me) {
  std::atomic_ref<KSpinLock> word(*lock);
  Backoff backoff;
  for (;;) {
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    if (seen == me) violation(0x1004, lock, "a spin lock was acquired by the thread that holds it: it would never end");
    if (seen == 0 && word.compare_exchange_weak(seen, me, std::memory_order_acquire, std::memory_order_relaxed)) return;
    backoff.pause();
  }
}

[[gnu::always_inline]] inline void take(KSpinLock* lock, const Thread& thread) {
  lock_order_check(lock, LockKind::SpinLock);
  std::atomic_ref<KSpinLock> word(*lock);
  std::uint64_t expected = 0;
  if (!word.compare_exchange_strong(expected, as_owner(thread), std::memory_order_acquire, std::memory_order_relaxed))
      [[unlikely]] {
    spin_for(lock, as_owner(thread));
  }
  lock_acquired(lock, LockKind::SpinLock);
}

[[gnu::always_inline]] inline void give(KSpinLock* lock, const Thread& thread) {
  std::atomic_ref<KSpinLock> word(*lock);
  if (word.load(std::memory_order_relaxed) != as_owner(thread)) [[unlikely]] {
    violation(0x1005, lock, "a spin lock was released by a thread that does not hold it");
  }
  lock_released(lock);
  word.store(0, std::memory_order_release);
}

}  // namespace

NTAPI void KeInitializeSpinLock(KSpinLock* lock) {
  std::atomic_ref<KSpinLock>(*lock).store(0);
}

NTAPI Irql KeAcquireSpinLockRaiseToDpc(KSpinLock* lock) {
  Thread& thread = current_thread();
  const Irql old = thread.irql;
  if (old > kDispatchLevel) [[unlikely]] {
    violation(0x42, lock, "KeAcquireSpinLock above DISPATCH_LEVEL");
  }
  thread.irql = kDispatchLevel;
  take(lock, thread);
  return old;
}

NTAPI void KeReleaseSpinLock(KSpinLock* lock, Irql old_irql) {
  Thread& thread = current_thread();
  if (thread.irql != kDispatchLevel) [[unlikely]] {
    violation(0x32, lock, "KeReleaseSpinLock not at DISPATCH_LEVEL");
  }
  give(lock, thread);
  if (old_irql > kDispatchLevel) [[unlikely]] {
    release_raises(lock, old_irql);
  }
  thread.irql = old_irql;
}

NTAPI void KeAcquireSpinLockAtDpcLevel(KSpinLock* lock) {
  Thread& thread = current_thread();
  if (thread.irql < kDispatchLevel) [[unlikely]] {
    violation(0x40, lock, "KeAcquireSpinLockAtDpcLevel below DISPATCH_LEVEL");
  }
  take(lock, thread);
}

NTAPI void KeReleaseSpinLockFromDpcLevel(KSpinLock* lock) {
  Thread& thread = current_thread();
  if (thread.irql < kDispatchLevel) [[unlikely]] {
    violation(0x41, lock, "KeReleaseSpinLockFromDpcLevel below DISPATCH_LEVEL");
  }
  give(lock, thread);
}

NTAPI Boolean KeTryToAcquireSpinLockAtDpcLevel(KSpinLock* lock) {
  Thread& thread = current_thread();
  if (thread.irql < kDispatchLevel) [[unlikely]] {
    violation(0x40, lock, "KeTryToAcquireSpinLockAtDpcLevel below DISPATCH_LEVEL");
  }
  std::uint64_t expected = 0;
  if (!std::atomic_ref<KSpinLock>(*lock).compare_exchange_strong(expected, as_owner(thread),
                                                                 std::memory_order_acquire)) {
    return 0;
  }
  lock_acquired(lock, LockKind::SpinLock);
  return 1;
}

NTAPI void KeAcquireInStackQueuedSpinLock(KSpinLock* lock, KLockQueueHandle* handle) {
  handle->next = nullptr;
  handle->lock = lock;
  handle->old_irql = KeAcquireSpinLockRaiseToDpc(lock);
}

NTAPI void KeReleaseInStackQueuedSpinLock(KLockQueueHandle* handle) {
  KeReleaseSpinLock(handle->lock, handle->old_irql);
}

NTAPI void KeAcquireInStackQueuedSpinLockAtDpcLevel(KSpinLock* lock, KLockQueueHandle* handle) {
  handle->next = nullptr;
  handle->lock = lock;
  KeAcquireSpinLockAtDpcLevel(lock);
}

NTAPI void KeReleaseInStackQueuedSpinLockFromDpcLevel(KLockQueueHandle* handle) {
  KeReleaseSpinLockFromDpcLevel(handle->lock);
}

NTAPI Boolean KeTestSpinLock(KSpinLock* lock) {
  return std::atomic_ref<KSpinLock>(*lock).load(std::memory_order_relaxed) == 0;
}

}  // namespace wdscope::host
