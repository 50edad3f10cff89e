// SPDX-License-Identifier: MIT
// The word is 2 * users while it is even. Rundown makes it odd for ever: 1 when it is over, or the address of the
// waiter's block + 1 while users are left; the block then holds their count.
#include "host/ex/rundown.h"

#include <atomic>

#include "host/ex/pool.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint64_t kActive = 1, kUser = 2;

struct alignas(16) WaitBlock {
  std::atomic<std::uint64_t> users;
  std::atomic<std::uint32_t> over{0};
};

std::atomic_ref<RundownRef> count_of(RundownRef* ref) {
  return std::atomic_ref(*ref);
}

[[noreturn, gnu::cold, gnu::noinline]] void misused(std::uint64_t rule, const RundownRef* ref, const char* text) {
  bug_check(kDriverVerifierDetectedViolation, {rule, reinterpret_cast<std::uintptr_t>(ref), *ref, 0},
            std::string(text) + " (rundown reference " + hex(ref) + ", value " + hex(*ref) + ")");
}

bool acquire(RundownRef* ref, std::uint64_t count) {
  std::uint64_t seen = count_of(ref).load(std::memory_order_relaxed);
  while (!(seen & kActive)) {
    if (count_of(ref).compare_exchange_weak(seen, seen + count * kUser, std::memory_order_acquire)) return true;
  }
  return false;
}

void release(RundownRef* ref, std::uint64_t count) {
  std::uint64_t seen = count_of(ref).load(std::memory_order_acquire);
  while (!(seen & kActive)) {
    if (seen < count * kUser) misused(0x1009, ref, "rundown protection was released more often than acquired");
    // A waiter may have come between: its block is read next.
    if (count_of(ref).compare_exchange_weak(seen, seen - count * kUser, std::memory_order_release,
                                            std::memory_order_acquire)) {
      return;
    }
  }
  if (seen == kActive) misused(0x1009, ref, "rundown protection was released after rundown had completed");
  auto* const block = reinterpret_cast<WaitBlock*>(seen & ~kActive);
  const std::uint64_t users = block->users.fetch_sub(count, std::memory_order_acq_rel);
  if (users < count) misused(0x1009, ref, "rundown protection was released more often than acquired");
  if (users == count) {
    block->over.store(1, std::memory_order_release);
    futex_wake(&block->over, 1);  // by address only: the waiter's frame may be gone
  }
}

}  // namespace

NTAPI void ExInitializeRundownProtection(RundownRef* ref) {
  count_of(ref).store(0);
}

NTAPI void ExReInitializeRundownProtection(RundownRef* ref) {
  if (count_of(ref).load() != kActive) misused(0x100A, ref, "ExReInitializeRundownProtection before rundown completed");
  count_of(ref).store(0, std::memory_order_release);
}

NTAPI Boolean ExAcquireRundownProtection(RundownRef* ref) {
  return acquire(ref, 1);
}
NTAPI Boolean ExAcquireRundownProtectionEx(RundownRef* ref, Ulong count) {
  return acquire(ref, count);
}
NTAPI void ExReleaseRundownProtection(RundownRef* ref) {
  release(ref, 1);
}
NTAPI void ExReleaseRundownProtectionEx(RundownRef* ref, Ulong count) {
  release(ref, count);
}

NTAPI void ExRundownCompleted(RundownRef* ref) {
  count_of(ref).store(kActive, std::memory_order_release);
}

NTAPI void ExWaitForRundownProtectionRelease(RundownRef* ref) {
  require_irql_at_most(kApcLevel, "ExWaitForRundownProtectionRelease");
  WaitBlock block;
  std::uint64_t seen = count_of(ref).load(std::memory_order_acquire);
  for (;;) {
    if (seen == kActive) return;
    if (seen & kActive) misused(0x100B, ref, "two threads wait for the same rundown reference");
    block.users.store(seen / kUser, std::memory_order_relaxed);
    const std::uint64_t next = seen == 0 ? kActive : reinterpret_cast<std::uintptr_t>(&block) | kActive;
    if (!count_of(ref).compare_exchange_weak(seen, next, std::memory_order_acq_rel)) continue;
    if (seen == 0) return;
    break;
  }
  while (block.over.load(std::memory_order_acquire) == 0) futex_wait(&block.over, 0, -1);
  count_of(ref).store(kActive, std::memory_order_release);
}

NTAPI CacheAwareRundown* ExAllocateCacheAwareRundownProtection(Ulong pool_type, Ulong tag) {
  void* const caller = __builtin_return_address(0);
  auto* object = static_cast<CacheAwareRundown*>(pool_allocate(pool_type & 1 ? PoolKind::Paged : PoolKind::Nonpaged,
                                                               sizeof(CacheAwareRundown), tag, caller, PoolFill::Zero));
  return object;
}

NTAPI void ExFreeCacheAwareRundownProtection(CacheAwareRundown* object) {
  pool_free(object, 0, __builtin_return_address(0));
}

NTAPI SizeT ExSizeOfRundownProtectionCacheAware() {
  return sizeof(CacheAwareRundown);
}
NTAPI void ExInitializeRundownProtectionCacheAware(CacheAwareRundown* object, SizeT) {
  ExInitializeRundownProtection(&object->ref);
}
NTAPI void ExReInitializeRundownProtectionCacheAware(CacheAwareRundown* object) {
  ExReInitializeRundownProtection(&object->ref);
}
NTAPI Boolean ExAcquireRundownProtectionCacheAware(CacheAwareRundown* object) {
  return acquire(&object->ref, 1);
}
NTAPI Boolean ExAcquireRundownProtectionCacheAwareEx(CacheAwareRundown* object, Ulong count) {
  return acquire(&object->ref, count);
}
NTAPI void ExReleaseRundownProtectionCacheAware(CacheAwareRundown* object) {
  release(&object->ref, 1);
}
NTAPI void ExReleaseRundownProtectionCacheAwareEx(CacheAwareRundown* object, Ulong count) {
  release(&object->ref, count);
}
NTAPI void ExRundownCompletedCacheAware(CacheAwareRundown* object) {
  ExRundownCompleted(&object->ref);
}
NTAPI void ExWaitForRundownProtectionReleaseCacheAware(CacheAwareRundown* object) {
  ExWaitForRundownProtectionRelease(&object->ref);
}

}  // namespace wdscope::host
