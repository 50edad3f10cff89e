// SPDX-License-Identifier: MIT
// Invariants, under spin_lock (taken as a bare bit, without IRQL):
//  - active_entries counts owners; flag has kOwnedExclusive exactly when owner_entry is the one, exclusive owner.
//  - Owners are owner_entry and the used entries of owner_table; an entry is used when its owner_thread is not 0.
//  - Waiters queue on their own stacks; whoever changes the state grants to waiters, in the waiters' stead.
#include "host/ex/resource.h"

#include <atomic>

#include "host/ex/pool.h"
#include "host/ex/tracked_resources.h"
#include "host/ke/irql.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kOwnedExclusive = 0x80;
constexpr Ulong kTableTag = 0x5265'7345;  // "EseR"
constexpr Ulong kFirstTableSize = 4;

enum class Mode : std::uint8_t { Shared, StarveExclusive, WaitForExclusive, Exclusive };

using StateLock = WordLock<std::uint64_t>;

struct Waiter {
  Waiter* next = nullptr;
  std::uint64_t owner;
  std::atomic<std::uint32_t> granted{0};
};

std::uint64_t owner_id(const Thread& thread) {
  return reinterpret_cast<std::uintptr_t>(&thread);
}

[[noreturn]] NTAPI_ASIDE void violation(std::uint64_t rule, const Resource* resource, const char* text,
                                        const char* routine = "") noexcept {
  bug_check(kDriverVerifierDetectedViolation, {rule, reinterpret_cast<std::uintptr_t>(resource), 0, 0},
            std::string(routine) + text + " (ERESOURCE " + hex(resource) + ")");
}

NTAPI OwnerEntry* find_in_table(Resource* resource, std::uint64_t owner) noexcept {
  for (Ulong i = 1; i < resource->owner_table[0].owner_count; ++i) {
    if (resource->owner_table[i].owner_thread == owner) return &resource->owner_table[i];
  }
  return nullptr;
}

inline OwnerEntry* find_owner(Resource* resource, std::uint64_t owner) {
  if (resource->owner_entry.owner_thread == owner) return &resource->owner_entry;
  return resource->owner_table ? find_in_table(resource, owner) : nullptr;
}

// A free entry where there was none.
NTAPI_ASIDE OwnerEntry* grow_owners(Resource* resource) noexcept {
  const Ulong old_size = resource->owner_table ? resource->owner_table[0].owner_count : 1;
  const Ulong new_size = old_size * 2 < kFirstTableSize ? kFirstTableSize : old_size * 2;
  auto* table = static_cast<OwnerEntry*>(pool_allocate_for_host(new_size * sizeof(OwnerEntry), kTableTag));
  if (!table) bug_check(0x1E, {static_cast<Ulong>(kStatusInsufficientResources)}, "no memory for an owner table");
  for (Ulong i = 0; i < new_size; ++i) table[i] = {};
  for (Ulong i = 1; i < old_size; ++i) table[i] = resource->owner_table[i];
  table[0].owner_count = new_size;
  if (resource->owner_table) pool_free_for_host(resource->owner_table);
  resource->owner_table = table;
  return &table[old_size];
}

inline void add_owner(Resource* resource, std::uint64_t owner, Ulong count) {
  OwnerEntry* entry = find_owner(resource, 0);
  if (!entry) [[unlikely]] {
    entry = grow_owners(resource);
  }
  entry->owner_thread = owner;
  entry->owner_count = count;
  ++resource->active_entries;
}

// Of a resource that nobody holds: all its entries are free.
void own_alone(Resource* resource, std::uint64_t owner, Mode mode) {
  if (mode == Mode::Exclusive) resource->flag |= kOwnedExclusive;
  resource->owner_entry.owner_thread = owner;
  resource->owner_entry.owner_count = 1;
  resource->active_entries = 1;
}

bool is_exclusive(const Resource* resource) {
  return resource->flag & kOwnedExclusive;
}

void append(void*& head, Waiter& waiter) {
  auto** link = reinterpret_cast<Waiter**>(&head);
  while (*link) link = &(*link)->next;
  *link = &waiter;
}

void grant(Waiter* waiter) {
  waiter->granted.store(1, std::memory_order_release);
  futex_wake(&waiter->granted, 1);
}

void grant_all_shared(Resource* resource) {
  auto* waiter = static_cast<Waiter*>(resource->shared_waiters);
  resource->shared_waiters = nullptr;
  resource->number_of_shared_waiters = 0;
  while (waiter) {
    Waiter* const next = waiter->next;  // read first: a granted waiter's frame goes
    if (OwnerEntry* entry = find_owner(resource, waiter->owner)) {
      ++entry->owner_count;
    } else {
      add_owner(resource, waiter->owner, 1);
    }
    grant(waiter);
    waiter = next;
  }
}

void grant_one_exclusive(Resource* resource) {
  auto* const waiter = static_cast<Waiter*>(resource->exclusive_waiters);
  resource->exclusive_waiters = waiter->next;
  --resource->number_of_exclusive_waiters;
  own_alone(resource, waiter->owner, Mode::Exclusive);
  grant(waiter);
}

enum class Answer : std::uint8_t { Granted, Again, Wait };  // Again: granted to a thread that holds it already

NTAPI Answer ask(Resource* resource, std::uint64_t me, Mode mode) noexcept {
  if (resource->active_entries == 0) {
    own_alone(resource, me, mode);
    return Answer::Granted;
  }
  OwnerEntry* const mine = find_owner(resource, me);
  if (is_exclusive(resource)) {
    if (!mine) return Answer::Wait;
    ++mine->owner_count;
    return Answer::Again;
  }
  if (mode == Mode::Exclusive) return Answer::Wait;
  const bool exclusive_waits = resource->number_of_exclusive_waiters != 0;
  if (exclusive_waits && (mode == Mode::WaitForExclusive || (mode == Mode::Shared && !mine))) return Answer::Wait;
  if (mine) {
    ++mine->owner_count;
    return Answer::Again;
  }
  add_owner(resource, me, 1);
  return Answer::Granted;
}

// Its own list entry points at itself while the resource is known.
bool is_initialised(const Resource* resource) {
  return resource->system_resources_list.flink == &resource->system_resources_list;
}

NTAPI void require_initialised(Resource* resource, const char* routine) noexcept {
  if (!is_initialised(resource)) [[unlikely]] {
    violation(0x100C, resource, " on a resource that is not initialised, or was deleted", routine);
  }
}

// What could not be had at once is asked for again, under the lock under which the thread queues for it.
NTAPI_ASIDE void wait_for(Resource* resource, std::uint64_t me, Mode mode, const char* routine) noexcept {
  Waiter waiter;
  waiter.owner = me;
  bool for_itself;
  {
    StateLock hold(resource->spin_lock);
    if (ask(resource, me, mode) != Answer::Wait) return;
    ++resource->contention_count;
    for_itself = find_owner(resource, me) != nullptr;
    if (!for_itself && mode == Mode::Exclusive) {
      append(resource->exclusive_waiters, waiter);
      ++resource->number_of_exclusive_waiters;
    } else if (!for_itself) {
      append(resource->shared_waiters, waiter);
      ++resource->number_of_shared_waiters;
    }
  }
  if (for_itself) {
    violation(0x1004, resource, " by a thread that holds the resource shared would wait for itself for ever", routine);
  }
  while (waiter.granted.load(std::memory_order_acquire) == 0) futex_wait(&waiter.granted, 0, -1);
}

[[gnu::noinline]] NTAPI bool acquire_with_care(Resource* resource, Boolean wait, Mode mode,
                                               const char* routine) noexcept {
  const Thread& thread = current_thread();
  require_irql_at_most(thread, kApcLevel, routine);
  require_apcs_disabled(thread, routine);
  require_initialised(resource, routine);
  const std::uint64_t me = owner_id(thread);
  if (wait) lock_order_check(resource, LockKind::Resource);
  Answer answer;
  {
    StateLock hold(resource->spin_lock);
    answer = ask(resource, me, mode);
  }
  if (answer == Answer::Wait) {
    if (!wait) return false;
    wait_for(resource, me, mode, routine);
  }
  lock_acquired(resource, LockKind::Resource);
  return true;
}

// The first lock of a thread, free: that way calls nothing, and so saves nothing.
bool acquire_alone(Resource* resource, Mode mode) {
  const Thread* const thread = this_thread;
  if (!thread || thread->irql > kApcLevel || !apcs_are_disabled(*thread) || !is_initialised(resource) ||
      !next_lock_is_first() || !try_take_word(resource->spin_lock)) {
    return false;
  }
  const bool is_free = resource->active_entries == 0;
  if (is_free) {
    own_alone(resource, owner_id(*thread), mode);
    lock_first_acquired(resource, LockKind::Resource);
  }
  give_word(resource->spin_lock);
  return is_free;
}

NTAPI bool acquire(Resource* resource, Boolean wait, Mode mode, const char* routine) noexcept {
  if (acquire_alone(resource, mode)) [[likely]] {
    return true;
  }
  return acquire_with_care(resource, wait, mode, routine);
}

[[noreturn]] NTAPI_ASIDE void not_held(Resource* resource, std::uint64_t owner, const char* routine) noexcept {
  bug_check(
      kResourceNotOwned,
      {reinterpret_cast<std::uintptr_t>(resource), owner, reinterpret_cast<std::uintptr_t>(resource->owner_table), 0},
      std::string(routine) + ": ERESOURCE " + hex(resource) + " is not held by owner " + hex(owner));
}

// An exclusive owner lets the shared in first, the last shared one an exclusive: neither kind starves. State lock held.
NTAPI_ASIDE void let_waiters_in(Resource* resource, bool was_exclusive) noexcept {
  if (resource->shared_waiters && (was_exclusive || !resource->exclusive_waiters)) {
    grant_all_shared(resource);
  } else if (resource->exclusive_waiters) {
    grant_one_exclusive(resource);
  }
}

[[gnu::always_inline]] inline void release(const Thread& thread, Resource* resource, std::uint64_t owner,
                                           const char* routine) {
  require_irql_at_most(thread, kDispatchLevel, routine);
  require_initialised(resource, routine);
  bool owned;
  {
    StateLock hold(resource->spin_lock);
    OwnerEntry* const entry = find_owner(resource, owner);
    owned = entry != nullptr && owner != 0;
    if (owned) {
      lock_released(resource);
      if (--entry->owner_count != 0) return;
      entry->owner_thread = 0;
      const bool was_exclusive = is_exclusive(resource);
      resource->flag &= static_cast<std::uint16_t>(~kOwnedExclusive);
      if (--resource->active_entries != 0) return;
      if (resource->shared_waiters || resource->exclusive_waiters) [[unlikely]] {
        let_waiters_in(resource, was_exclusive);
      }
    }
  }
  if (!owned) [[unlikely]] {
    not_held(resource, owner, routine);
  }
}

}  // namespace

NTAPI NtStatus ExInitializeResourceLite(Resource* resource) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kDispatchLevel, "ExInitializeResourceLite");
  if (reinterpret_cast<std::uintptr_t>(resource) % 8 != 0) {
    violation(0x3D, resource, "an ERESOURCE must be 8-byte aligned");
  }
  if (!track_resource(resource, caller)) {
    violation(0x100D, resource, "ExInitializeResourceLite on a resource that is in use already");
  }
  *resource = {};
  pool_mark_lock(resource);
  resource->system_resources_list.flink = resource->system_resources_list.blink = &resource->system_resources_list;
  return kStatusSuccess;
}

NTAPI NtStatus ExReinitializeResourceLite(Resource* resource) {
  require_initialised(resource, "ExReinitializeResourceLite");
  StateLock hold(resource->spin_lock);
  if (resource->active_entries != 0) violation(0x100E, resource, "ExReinitializeResourceLite while it is held");
  resource->contention_count = 0;
  return kStatusSuccess;
}

NTAPI NtStatus ExDeleteResourceLite(Resource* resource) {
  require_irql_at_most(kDispatchLevel, "ExDeleteResourceLite");
  if (!untrack_resource(resource))
    violation(0x100C, resource, "ExDeleteResourceLite on a resource that is not initialised, or was deleted");
  OwnerEntry* table = nullptr;
  {
    StateLock hold(resource->spin_lock);
    if (resource->active_entries != 0 || resource->shared_waiters || resource->exclusive_waiters) {
      violation(0x100E, resource, "ExDeleteResourceLite while the resource is held or awaited");
    }
    table = std::exchange(resource->owner_table, nullptr);
    resource->system_resources_list = {};
  }
  if (table) pool_free_for_host(table);
  lock_order_forget(resource, sizeof(*resource));
  return kStatusSuccess;
}

NTAPI Boolean ExAcquireResourceExclusiveLite(Resource* resource, Boolean wait) {
  return acquire(resource, wait, Mode::Exclusive, "ExAcquireResourceExclusiveLite");
}

NTAPI Boolean ExTryToAcquireResourceExclusiveLite(Resource* resource) {
  return acquire(resource, 0, Mode::Exclusive, "ExTryToAcquireResourceExclusiveLite");
}

NTAPI Boolean ExAcquireResourceSharedLite(Resource* resource, Boolean wait) {
  return acquire(resource, wait, Mode::Shared, "ExAcquireResourceSharedLite");
}

NTAPI Boolean ExAcquireSharedStarveExclusive(Resource* resource, Boolean wait) {
  return acquire(resource, wait, Mode::StarveExclusive, "ExAcquireSharedStarveExclusive");
}

NTAPI Boolean ExAcquireSharedWaitForExclusive(Resource* resource, Boolean wait) {
  return acquire(resource, wait, Mode::WaitForExclusive, "ExAcquireSharedWaitForExclusive");
}

NTAPI void ExReleaseResourceLite(Resource* resource) {
  const Thread& thread = current_thread();
  if (!apcs_are_disabled(thread)) [[unlikely]] {
    violation(0x38, resource, "ExReleaseResourceLite was called with normal kernel APCs enabled");
  }
  release(thread, resource, owner_id(thread), "ExReleaseResourceLite");
}

NTAPI void ExReleaseResourceForThreadLite(Resource* resource, std::uint64_t owner) {
  release(current_thread(), resource, owner, "ExReleaseResourceForThreadLite");
}

NTAPI void ExConvertExclusiveToSharedLite(Resource* resource) {
  require_irql_at_most(kDispatchLevel, "ExConvertExclusiveToSharedLite");
  require_initialised(resource, "ExConvertExclusiveToSharedLite");
  StateLock hold(resource->spin_lock);
  if (!is_exclusive(resource) || resource->owner_entry.owner_thread != owner_id(current_thread())) return;
  resource->flag &= static_cast<std::uint16_t>(~kOwnedExclusive);
  if (resource->shared_waiters) grant_all_shared(resource);
}

NTAPI void ExSetResourceOwnerPointer(Resource* resource, void* owner) {
  const auto id = reinterpret_cast<std::uintptr_t>(owner);
  require_initialised(resource, "ExSetResourceOwnerPointer");
  if ((id & 3) != 3) {
    violation(0x1010, resource, ("an owner pointer must have its two low bits set: " + hex(owner)).c_str());
  }
  bool owned;
  {
    StateLock hold(resource->spin_lock);
    OwnerEntry* const entry = find_owner(resource, owner_id(current_thread()));
    owned = entry != nullptr;
    if (owned) {
      for (Ulong i = 0; i < entry->owner_count; ++i) lock_released(resource);
      if (OwnerEntry* other = find_owner(resource, id)) {
        other->owner_count += entry->owner_count;
        *entry = {};
        --resource->active_entries;
      } else {
        entry->owner_thread = id;
      }
    }
  }
  if (!owned) {
    bug_check(kResourceNotOwned, {reinterpret_cast<std::uintptr_t>(resource), owner_id(current_thread()), 0, 0},
              "ExSetResourceOwnerPointer: ERESOURCE " + hex(resource) + " is not held by this thread");
  }
}

NTAPI Boolean ExIsResourceAcquiredExclusiveLite(Resource* resource) {
  StateLock hold(resource->spin_lock);
  return is_exclusive(resource) && resource->owner_entry.owner_thread == owner_id(current_thread());
}

NTAPI Ulong ExIsResourceAcquiredSharedLite(Resource* resource) {
  StateLock hold(resource->spin_lock);
  const OwnerEntry* const entry = find_owner(resource, owner_id(current_thread()));
  return entry ? entry->owner_count : 0;
}

NTAPI Ulong ExGetExclusiveWaiterCount(Resource* resource) {
  StateLock hold(resource->spin_lock);
  return resource->number_of_exclusive_waiters;
}

NTAPI Ulong ExGetSharedWaiterCount(Resource* resource) {
  StateLock hold(resource->spin_lock);
  return resource->number_of_shared_waiters;
}

NTAPI void* ExEnterCriticalRegionAndAcquireResourceExclusive(Resource* resource) {
  KeEnterCriticalRegion();
  ExAcquireResourceExclusiveLite(resource, 1);
  return nullptr;
}

NTAPI void* ExEnterCriticalRegionAndAcquireResourceShared(Resource* resource) {
  KeEnterCriticalRegion();
  ExAcquireResourceSharedLite(resource, 1);
  return nullptr;
}

NTAPI void* ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(Resource* resource) {
  KeEnterCriticalRegion();
  ExAcquireSharedWaitForExclusive(resource, 1);
  return nullptr;
}

NTAPI void ExReleaseResourceAndLeaveCriticalRegion(Resource* resource) {
  ExReleaseResourceLite(resource);
  KeLeaveCriticalRegion();
}

}  // namespace wdscope::host
