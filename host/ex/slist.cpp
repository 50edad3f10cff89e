// SPDX-License-Identifier: MIT
// Invariant: every change of an SLIST header bumps its sequence, so a pop that read a stale first entry fails. The
// stale entry may have been freed meanwhile: it is only read, and pool memory stays mapped.
#include "host/ex/slist.h"

#include <atomic>

#include "host/ke/raw_lock.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

#ifdef WDSCOPE_TSAN
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace wdscope::host {
namespace {

constexpr std::uint64_t kDepthMask = 0xFFFF, kSequenceStep = 0x10000;

void after_change([[maybe_unused]] SlistHeader* head) {
#ifdef WDSCOPE_TSAN
  __tsan_acquire(head);
#endif
}

void before_change([[maybe_unused]] SlistHeader* head) {
#ifdef WDSCOPE_TSAN
  __tsan_release(head);
#endif
}

// On failure `expected` gets what is there.
bool exchange(SlistHeader* head, SlistHeader& expected, const SlistHeader& desired) {
  bool done;
  asm volatile("lock cmpxchg16b %[head]"
               : [head] "+m"(*head), "+a"(expected.depth_and_sequence), "+d"(expected.next), "=@ccz"(done)
               : "b"(desired.depth_and_sequence), "c"(desired.next)
               : "memory");
  return done;
}

[[noreturn, gnu::cold, gnu::noinline]] NTAPI void misaligned(const SlistHeader* head) {
  bug_check(kDriverVerifierDetectedViolation, {0x1011, reinterpret_cast<std::uintptr_t>(head), 0, 0},
            "SLIST_HEADER " + hex(head) + " is not 16-byte aligned");
}

SlistHeader read_header(SlistHeader* head) {
  if (reinterpret_cast<std::uintptr_t>(head) % 16 != 0) [[unlikely]] {
    misaligned(head);
  }
  SlistHeader value{};
  exchange(head, value, value);  // the one way to read both words at once
  return value;
}

// The low bits of `next` in the header are flags; an entry is 16-byte aligned.
SlistEntry* entry_of(std::uint64_t next) {
  return reinterpret_cast<SlistEntry*>(next & ~0xFULL);
}

__attribute__((no_sanitize("address", "thread"))) std::uint64_t peek_next(SlistEntry* entry) {
  return reinterpret_cast<std::uint64_t>(*const_cast<SlistEntry* volatile*>(&entry->next));
}

template <class Change>
void under(KSpinLock* lock, Change change) {
  BitLock<std::uint64_t, 1> hold(*lock);
  change();
}

}  // namespace

NTAPI void InitializeSListHead(SlistHeader* head) {
  *head = {};
}

NTAPI SlistEntry* ExpInterlockedPopEntrySList(SlistHeader* head) {
  SlistHeader seen = read_header(head);
  for (;;) {
    SlistEntry* const first = entry_of(seen.next);
    if (!first) return nullptr;
    const std::uint64_t depth = (seen.depth_and_sequence - 1) & kDepthMask;
    const SlistHeader next{((seen.depth_and_sequence & ~kDepthMask) + kSequenceStep) | depth, peek_next(first)};
    if (exchange(head, seen, next)) {
      after_change(head);
      return first;
    }
  }
}

NTAPI SlistEntry* ExpInterlockedPushEntrySList(SlistHeader* head, SlistEntry* entry) {
  SlistHeader seen = read_header(head);
  for (;;) {
    entry->next = entry_of(seen.next);
    const std::uint64_t depth = (seen.depth_and_sequence + 1) & kDepthMask;
    const SlistHeader next{((seen.depth_and_sequence & ~kDepthMask) + kSequenceStep) | depth,
                           reinterpret_cast<std::uintptr_t>(entry)};
    before_change(head);
    if (exchange(head, seen, next)) return entry_of(seen.next);
  }
}

NTAPI SlistEntry* ExpInterlockedFlushSList(SlistHeader* head) {
  SlistHeader seen = read_header(head);
  while (entry_of(seen.next)) {
    const SlistHeader next{(seen.depth_and_sequence & ~kDepthMask) + kSequenceStep, 0};
    if (exchange(head, seen, next)) {
      after_change(head);
      return entry_of(seen.next);
    }
  }
  return nullptr;
}

NTAPI std::uint16_t ExQueryDepthSList(SlistHeader* head) {
  return static_cast<std::uint16_t>(std::atomic_ref(head->depth_and_sequence).load() & kDepthMask);
}

NTAPI ListEntry* ExInterlockedInsertHeadList(ListEntry* head, ListEntry* entry, KSpinLock* lock) {
  ListEntry* first = nullptr;
  under(lock, [&] {
    first = head->flink == head ? nullptr : head->flink;
    entry->flink = head->flink;
    entry->blink = head;
    head->flink->blink = entry;
    head->flink = entry;
  });
  return first;
}

NTAPI ListEntry* ExInterlockedInsertTailList(ListEntry* head, ListEntry* entry, KSpinLock* lock) {
  ListEntry* last = nullptr;
  under(lock, [&] {
    last = head->blink == head ? nullptr : head->blink;
    entry->flink = head;
    entry->blink = head->blink;
    head->blink->flink = entry;
    head->blink = entry;
  });
  return last;
}

NTAPI ListEntry* ExInterlockedRemoveHeadList(ListEntry* head, KSpinLock* lock) {
  ListEntry* first = nullptr;
  under(lock, [&] {
    if (head->flink == head) return;
    first = head->flink;
    head->flink = first->flink;
    first->flink->blink = head;
  });
  return first;
}

NTAPI SlistEntry* ExInterlockedPopEntryList(SlistEntry* head, KSpinLock* lock) {
  SlistEntry* first = nullptr;
  under(lock, [&] {
    first = head->next;
    if (first) head->next = first->next;
  });
  return first;
}

NTAPI SlistEntry* ExInterlockedPushEntryList(SlistEntry* head, SlistEntry* entry, KSpinLock* lock) {
  SlistEntry* first = nullptr;
  under(lock, [&] {
    first = head->next;
    entry->next = first;
    head->next = entry;
  });
  return first;
}

NTAPI Ulong ExInterlockedAddUlong(Ulong* target, Ulong addend, KSpinLock* lock) {
  Ulong before = 0;
  under(lock, [&] {
    before = *target;
    *target += addend;
  });
  return before;
}

}  // namespace wdscope::host
