// SPDX-License-Identifier: MIT
// Allocation from a paged lookaside list. The DDK's own inline routines count without atomics, which is harmless but a
// data race; these do the same to the same structure, with loads and stores that tools accept. Like Windows' own the
// counters miss what two threads count at once. <= APC_LEVEL.
#pragma once

#include <atomic>

#include "kit/nt.h"

namespace wdscope::notifier {

inline void count_lookaside(ULONG& counter) {
  const std::atomic_ref<ULONG> count(counter);
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Contents are stale or uninitialised. Null when memory is out.
inline void* allocate_from(PPAGED_LOOKASIDE_LIST list) {
  count_lookaside(list->L.TotalAllocates);
  void* entry = InterlockedPopEntrySList(&list->L.ListHead);
  if (entry) return entry;
  count_lookaside(list->L.AllocateMisses);
  return list->L.Allocate(list->L.Type, list->L.Size, list->L.Tag);
}

inline void free_to(PPAGED_LOOKASIDE_LIST list, void* entry) {
  count_lookaside(list->L.TotalFrees);
  if (ExQueryDepthSList(&list->L.ListHead) >= list->L.Depth) {
    count_lookaside(list->L.FreeMisses);
    list->L.Free(entry);
  } else {
    InterlockedPushEntrySList(&list->L.ListHead, static_cast<PSLIST_ENTRY>(entry));
  }
}

}  // namespace wdscope::notifier
