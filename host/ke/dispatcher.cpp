// SPDX-License-Identifier: MIT
// Invariants of waiting:
//  - An object's state and wait list are touched only under its own lock.
//  - A waiter for any object is claimed once, by compare-exchange of `claim`: by a signaller (under the object's lock,
//    which also consumes the state), by itself (found satisfied while registering), or by its timeout.
//  - A signaller unlinks the block it claimed, unlocks the object, and only then sets `woken`: so the object may live
//    on the waiter's stack, and the waiter need not touch the object afterwards.
//  - A waiter for all objects is never claimed: signallers poke it, and it looks again with every object locked, in
//    order of address.
#include "host/ke/dispatcher.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint8_t kLockBit = 0x80;
using ObjectLock = BitLock<std::uint8_t, kLockBit>;

constexpr std::uint32_t kUnclaimed = 0, kTimedOut = 1, kClaimedFirst = 2;  // kClaimedFirst + index
constexpr Ulong kWaitAny = 1, kMaximumWaitObjects = 64, kThreadWaitObjects = 3;

struct Waiter {
  std::atomic<std::uint32_t> claim{kUnclaimed};
  std::atomic<std::uint32_t> woken{0};
  Thread* thread = nullptr;
  Waiter* next_released = nullptr;
};

struct WaitBlock {
  ListEntry entry{nullptr, nullptr};  // must be first; flink null: not linked
  Waiter* waiter = nullptr;
  Ulong index = 0;
  bool all = false;
};

DispatcherType type_of(const DispatcherHeader& header) {
  return static_cast<DispatcherType>(
      std::atomic_ref(const_cast<std::uint8_t&>(header.type)).load(std::memory_order_relaxed) & ~kLockBit);
}

bool is_empty(const ListEntry& head) {
  return head.flink == &head || head.flink == nullptr;
}

void append(ListEntry& head, ListEntry& entry) {
  if (head.flink == nullptr) head.flink = head.blink = &head;  // a driver's zeroed object
  entry.flink = &head;
  entry.blink = head.blink;
  head.blink->flink = &entry;
  head.blink = &entry;
}

void unlink(ListEntry& entry) {
  entry.blink->flink = entry.flink;
  entry.flink->blink = entry.blink;
  entry.flink = nullptr;
}

// KeReadState... look at the state without the lock.
void set_signal_state(DispatcherHeader& header, Long state) {
  std::atomic_ref(header.signal_state).store(state, std::memory_order_release);
}

bool satisfies(const DispatcherHeader& header, const Thread* thread) {
  if (header.signal_state > 0) return true;
  return type_of(header) == DispatcherType::Mutant && reinterpret_cast<const KMutant&>(header).owner_thread == thread;
}

void consume(DispatcherHeader& header, Thread* thread) {
  switch (type_of(header)) {
    case DispatcherType::SynchronizationEvent:
    case DispatcherType::SynchronizationTimer:
      set_signal_state(header, 0);
      break;
    case DispatcherType::Semaphore:
      set_signal_state(header, header.signal_state - 1);
      break;
    case DispatcherType::Mutant:
      set_signal_state(header, header.signal_state - 1);
      reinterpret_cast<KMutant&>(header).owner_thread = thread;
      break;
    default:
      break;
  }
}

// Object locked. Claims and unlinks as many waiters as the state satisfies; the caller wakes them after unlocking.
Waiter* claim_waiters(DispatcherHeader& header) {
  Waiter* released = nullptr;
  Waiter** tail = &released;
  if (is_empty(header.wait_list_head)) return nullptr;
  for (ListEntry* entry = header.wait_list_head.flink; entry != &header.wait_list_head;) {
    auto* block = reinterpret_cast<WaitBlock*>(entry);
    entry = entry->flink;
    Waiter& waiter = *block->waiter;
    if (block->all) {
      waiter.woken.store(1, std::memory_order_release);
      futex_wake(&waiter.woken, 1);
      continue;
    }
    if (!satisfies(header, waiter.thread)) break;
    std::uint32_t expected = kUnclaimed;
    const bool claimed = waiter.claim.compare_exchange_strong(expected, kClaimedFirst + block->index);
    unlink(block->entry);
    if (!claimed) continue;
    consume(header, waiter.thread);
    *tail = &waiter;
    tail = &waiter.next_released;
  }
  return released;
}

void wake(Waiter* released) {
  while (released) {
    Waiter* const next = released->next_released;  // read first: once woken, the waiter's stack frame goes
    released->woken.store(1, std::memory_order_release);
    futex_wake(&released->woken, 1);
    released = next;
  }
}

// A mutex that has just become ours disables normal kernel APCs and counts as a held lock.
void note_acquired(void* object, Thread& thread) {
  auto& header = *static_cast<DispatcherHeader*>(object);
  if (type_of(header) != DispatcherType::Mutant) return;
  auto& mutex = *static_cast<KMutant*>(object);
  if (mutex.header.signal_state != 0) return;  // recursion
  if (mutex.apc_disable) --thread.kernel_apc_disable;
  lock_acquired(object, LockKind::Mutex);
}

void unregister(DispatcherHeader& header, WaitBlock& block) {
  ObjectLock hold(header.type);
  if (block.entry.flink) unlink(block.entry);
}

void require_wait_allowed(const char* routine, const std::int64_t* timeout) {
  require_irql_at_most(timeout && *timeout == 0 ? kDispatchLevel : kApcLevel, routine);
}

NtStatus wait_any(Ulong count, void* objects[], const std::int64_t* timeout, WaitBlock* blocks) {
  Thread& thread = current_thread();
  Waiter waiter;
  waiter.thread = &thread;
  const bool only_try = timeout && *timeout == 0;
  Ulong registered = 0;
  for (Ulong i = 0; i < count; ++i) {
    auto& header = *static_cast<DispatcherHeader*>(objects[i]);
    ObjectLock hold(header.type);
    if (satisfies(header, &thread)) {
      std::uint32_t expected = kUnclaimed;
      if (waiter.claim.compare_exchange_strong(expected, kClaimedFirst + i)) {
        consume(header, &thread);
        waiter.woken.store(1, std::memory_order_relaxed);
      }
      break;
    }
    if (only_try) continue;
    if (waiter.claim.load(std::memory_order_relaxed) != kUnclaimed) break;
    blocks[i].entry.flink = nullptr;
    blocks[i].waiter = &waiter;
    blocks[i].index = i;
    blocks[i].all = false;
    append(header.wait_list_head, blocks[i].entry);
    registered = i + 1;
  }
  if (only_try && waiter.claim.load(std::memory_order_relaxed) == kUnclaimed) return kStatusTimeout;
  std::int64_t deadline = timeout ? deadline_of_timeout(*timeout) : -1;
  while (waiter.woken.load(std::memory_order_acquire) == 0) {
    futex_wait(&waiter.woken, 0, deadline);
    if (deadline >= 0 && waiter.woken.load(std::memory_order_acquire) == 0 && monotonic_ns() >= deadline) {
      std::uint32_t expected = kUnclaimed;
      if (waiter.claim.compare_exchange_strong(expected, kTimedOut)) break;
      deadline = -1;  // a signaller was first: its wake-up is under way
    }
  }
  const std::uint32_t claim = waiter.claim.load(std::memory_order_relaxed);
  for (Ulong i = 0; i < registered; ++i) {
    if (claim != kClaimedFirst + i) unregister(*static_cast<DispatcherHeader*>(objects[i]), blocks[i]);
  }
  if (claim == kTimedOut) return kStatusTimeout;
  const Ulong index = claim - kClaimedFirst;
  note_acquired(objects[index], thread);
  return static_cast<NtStatus>(index);
}

class AllLocked {
 public:
  AllLocked(Ulong count, void* const objects[]) : count_(count) {
    std::copy_n(objects, count, objects_.begin());
    std::sort(objects_.begin(), objects_.begin() + count);
    for (Ulong i = 0; i < count_; ++i) {
      std::atomic_ref<std::uint8_t> type(static_cast<DispatcherHeader*>(objects_[i])->type);
      for (Backoff backoff; type.fetch_or(kLockBit, std::memory_order_acquire) & kLockBit; backoff.pause()) {
      }
    }
  }
  ~AllLocked() {
    for (Ulong i = 0; i < count_; ++i) {
      std::atomic_ref<std::uint8_t> type(static_cast<DispatcherHeader*>(objects_[i])->type);
      type.fetch_and(static_cast<std::uint8_t>(~kLockBit), std::memory_order_release);
    }
  }
  AllLocked(const AllLocked&) = delete;
  AllLocked& operator=(const AllLocked&) = delete;

 private:
  Ulong count_;
  std::array<void*, kMaximumWaitObjects> objects_;
};

NtStatus wait_all(Ulong count, void* objects[], const std::int64_t* timeout, WaitBlock* blocks) {
  for (Ulong i = 0; i < count; ++i) {
    if (std::find(objects, objects + i, objects[i]) != objects + i) {
      bug_check(kKmodeExceptionNotHandled, {static_cast<Ulong>(kStatusInvalidParameter), 0, i, 0},
                "KeWaitForMultipleObjects (all) names the same object twice");
    }
  }
  Thread& thread = current_thread();
  Waiter waiter;
  waiter.thread = &thread;
  bool registered = false;
  const std::int64_t deadline = timeout ? deadline_of_timeout(*timeout) : -1;
  NtStatus status = kStatusTimeout;
  for (bool expired = timeout && *timeout == 0;;) {
    waiter.woken.store(0, std::memory_order_relaxed);
    {
      AllLocked hold(count, objects);
      const auto header = [&](Ulong i) -> DispatcherHeader& { return *static_cast<DispatcherHeader*>(objects[i]); };
      bool satisfied = true;
      for (Ulong i = 0; i < count; ++i) satisfied = satisfied && satisfies(header(i), &thread);
      if (satisfied) {
        for (Ulong i = 0; i < count; ++i) consume(header(i), &thread);
        status = kStatusSuccess;
      }
      const bool done = satisfied || expired;
      for (Ulong i = 0; i < count; ++i) {
        if (done && registered) unlink(blocks[i].entry);
        if (!done && !registered) {
          blocks[i].waiter = &waiter;
          blocks[i].index = i;
          blocks[i].all = true;
          append(header(i).wait_list_head, blocks[i].entry);
        }
      }
      if (done) break;
      registered = true;
    }
    while (waiter.woken.load(std::memory_order_acquire) == 0) {
      futex_wait(&waiter.woken, 0, deadline);
      if (deadline >= 0 && monotonic_ns() >= deadline) {
        expired = true;
        break;
      }
    }
  }
  if (status == kStatusSuccess) {
    for (Ulong i = 0; i < count; ++i) note_acquired(objects[i], thread);
  }
  return status;
}

// Sets the state and releases whom it satisfies. Returns the state before.
Long set_state(DispatcherHeader& header, Long state) {
  Waiter* released;
  Long before;
  {
    ObjectLock hold(header.type);
    before = header.signal_state;
    set_signal_state(header, state);
    released = claim_waiters(header);
  }
  wake(released);
  return before;
}

}  // namespace

void initialize_dispatcher_header(DispatcherHeader* header, DispatcherType type, std::size_t size, Long state) {
  header->flags1 = 0;
  header->size = static_cast<std::uint8_t>(size / sizeof(Ulong));
  header->inserted = 0;
  set_signal_state(*header, state);
  header->wait_list_head.flink = header->wait_list_head.blink = &header->wait_list_head;
  std::atomic_ref(header->type).store(static_cast<std::uint8_t>(type), std::memory_order_release);
}

void signal_dispatcher_object(DispatcherHeader* header) {
  set_state(*header, 1);
}

NTAPI void KeInitializeEvent(KEvent* event, Ulong type, Boolean state) {
  initialize_dispatcher_header(&event->header, static_cast<DispatcherType>(type & 1), sizeof(KEvent), state);
}

NTAPI Long KeSetEvent(KEvent* event, Long, Boolean wait) {
  require_irql_at_most(wait ? kApcLevel : kDispatchLevel, "KeSetEvent");
  return set_state(event->header, 1);
}

NTAPI Long KeResetEvent(KEvent* event) {
  require_irql_at_most(kDispatchLevel, "KeResetEvent");
  ObjectLock hold(event->header.type);
  const Long before = event->header.signal_state;
  set_signal_state(event->header, 0);
  return before;
}

NTAPI void KeClearEvent(KEvent* event) {
  require_irql_at_most(kDispatchLevel, "KeClearEvent");
  ObjectLock hold(event->header.type);
  set_signal_state(event->header, 0);
}

NTAPI Long KePulseEvent(KEvent* event, Long, Boolean wait) {
  require_irql_at_most(wait ? kApcLevel : kDispatchLevel, "KePulseEvent");
  Waiter* released;
  Long before;
  {
    ObjectLock hold(event->header.type);
    before = event->header.signal_state;
    set_signal_state(event->header, 1);
    released = claim_waiters(event->header);
    set_signal_state(event->header, 0);
  }
  wake(released);
  return before;
}

NTAPI Long KeReadStateEvent(KEvent* event) {
  return std::atomic_ref(event->header.signal_state).load(std::memory_order_acquire);
}

NTAPI void KeInitializeSemaphore(KSemaphore* semaphore, Long count, Long limit) {
  initialize_dispatcher_header(&semaphore->header, DispatcherType::Semaphore, sizeof(KSemaphore), count);
  semaphore->limit = limit;
}

NTAPI Long KeReleaseSemaphore(KSemaphore* semaphore, Long, Long adjustment, Boolean wait) {
  require_irql_at_most(wait ? kApcLevel : kDispatchLevel, "KeReleaseSemaphore");
  Waiter* released = nullptr;
  Long before;
  bool over;
  {
    ObjectLock hold(semaphore->header.type);
    before = semaphore->header.signal_state;
    over = adjustment <= 0 || adjustment > semaphore->limit - before;
    if (!over) {
      set_signal_state(semaphore->header, before + adjustment);
      released = claim_waiters(semaphore->header);
    }
  }
  if (over) {
    bug_check(kKmodeExceptionNotHandled, {0xC0000047, 0, static_cast<std::uint64_t>(before), 0},
              "KeReleaseSemaphore goes over the limit (STATUS_SEMAPHORE_LIMIT_EXCEEDED): count " +
                  std::to_string(before) + " + " + std::to_string(adjustment) + " > " +
                  std::to_string(semaphore->limit));
  }
  wake(released);
  return before;
}

NTAPI Long KeReadStateSemaphore(KSemaphore* semaphore) {
  return std::atomic_ref(semaphore->header.signal_state).load(std::memory_order_acquire);
}

NTAPI void KeInitializeMutex(KMutant* mutex, Ulong) {
  initialize_dispatcher_header(&mutex->header, DispatcherType::Mutant, sizeof(KMutant), 1);
  mutex->mutant_list_entry = {};
  mutex->owner_thread = nullptr;
  mutex->abandoned = 0;
  mutex->apc_disable = 1;
}

NTAPI Long KeReleaseMutex(KMutant* mutex, Boolean wait) {
  require_irql_at_most(wait ? kApcLevel : kDispatchLevel, "KeReleaseMutex");
  Thread& thread = current_thread();
  Waiter* released = nullptr;
  Long before;
  Thread* owner;
  {
    ObjectLock hold(mutex->header.type);
    before = mutex->header.signal_state;
    owner = mutex->owner_thread;
    if (owner == &thread) {
      set_signal_state(mutex->header, before + 1);
      if (before == 0) {
        mutex->owner_thread = nullptr;
        released = claim_waiters(mutex->header);
      }
    }
  }
  if (owner != &thread) {
    bug_check(kKmodeExceptionNotHandled, {0xC0000046, 0, reinterpret_cast<std::uintptr_t>(mutex), 0},
              "KeReleaseMutex by a thread that does not own it (STATUS_MUTANT_NOT_OWNED): " + hex(mutex));
  }
  if (before == 0) {
    if (mutex->apc_disable) ++thread.kernel_apc_disable;
    lock_released(mutex);
  }
  wake(released);
  return before;
}

NTAPI Long KeReadStateMutex(KMutant* mutex) {
  return std::atomic_ref(mutex->header.signal_state).load(std::memory_order_acquire);
}

NTAPI NtStatus KeWaitForSingleObject(void* object, Ulong, Ulong, Boolean, const std::int64_t* timeout) {
  require_wait_allowed("KeWaitForSingleObject", timeout);
  if (type_of(*static_cast<DispatcherHeader*>(object)) == DispatcherType::Mutant) {
    lock_order_check(object, LockKind::Mutex);
  }
  WaitBlock block;
  return wait_any(1, &object, timeout, &block);
}

NTAPI NtStatus KeWaitForMultipleObjects(Ulong count, void* objects[], Ulong wait_type, Ulong, Ulong, Boolean,
                                        const std::int64_t* timeout, void* wait_blocks) {
  require_wait_allowed("KeWaitForMultipleObjects", timeout);
  if (count == 0 || count > kMaximumWaitObjects || (count > kThreadWaitObjects && !wait_blocks)) {
    bug_check(0x0C, {count, 0, 0, 0},
              "MAXIMUM_WAIT_OBJECTS_EXCEEDED: " + std::to_string(count) +
                  " objects; more than 3 need a wait block array, 64 is the most");
  }
  std::array<WaitBlock, kMaximumWaitObjects> blocks;
  return wait_type == kWaitAny ? wait_any(count, objects, timeout, blocks.data())
                               : wait_all(count, objects, timeout, blocks.data());
}

NTAPI NtStatus KeDelayExecutionThread(Ulong, Boolean, const std::int64_t* interval) {
  require_irql_at_most(kApcLevel, "KeDelayExecutionThread");
  const std::uint32_t never_set = 0;
  const std::int64_t deadline = deadline_of_timeout(*interval);
  while (monotonic_ns() < deadline) futex_wait(&never_set, 0, deadline);
  return kStatusSuccess;
}

}  // namespace wdscope::host
