// SPDX-License-Identifier: MIT
#include "host/ex/lookaside.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "host/ex/pool.h"
#include "host/ex/pool_routines.h"
#include "host/ex/slist.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kFirstDepth = 4, kMaximumDepth = 256;
constexpr Ulong kPagedPool = 1, kPoolNonpagedNx = 0x200, kPoolRaise = 0x10, kPoolQuotaFailInstead = 8;

// The Ex kind's routines also get the list.
using FreeRoutine = void NTAPI (*)(void* block);
using FreeRoutineEx = void NTAPI (*)(void* block, GeneralLookaside* list);

struct Tracked {
  std::mutex mutex;
  std::map<GeneralLookaside*, void*> all;  // and who initialised it
};

Tracked& tracked() {
  static auto* const the_tracked = new Tracked;
  return *the_tracked;
}

void track(GeneralLookaside* list, void* caller) {
  Tracked& t = tracked();
  std::lock_guard hold(t.mutex);
  t.all[list] = caller;
}

void untrack(GeneralLookaside* list, const char* routine) {
  Tracked& t = tracked();
  bool known;
  {
    std::lock_guard hold(t.mutex);
    known = t.all.erase(list) != 0;
  }
  if (!known) {
    bug_check(kDriverVerifierDetectedViolation, {0x100F, reinterpret_cast<std::uintptr_t>(list), 0, 0},
              std::string(routine) + " on a lookaside list that is not initialised, or was deleted: " + hex(list));
  }
}

void initialise(GeneralLookaside* list, void* allocate, void* free, Ulong type, SizeT size, Ulong tag) {
  if (reinterpret_cast<std::uintptr_t>(list) % 16 != 0) {
    bug_check(kDriverVerifierDetectedViolation, {0x1011, reinterpret_cast<std::uintptr_t>(list), 0, 0},
              "a lookaside list must be 16-byte aligned: " + hex(list));
  }
  *list = {};
  list->depth = kFirstDepth;
  list->maximum_depth = kMaximumDepth;
  list->type = type;
  list->tag = tag;
  list->size = static_cast<Ulong>(std::max<SizeT>(size, sizeof(SlistHeader)));
  list->allocate = allocate;
  list->free = free;
  list->list_entry.flink = list->list_entry.blink = &list->list_entry;
}

void drain(GeneralLookaside* list, bool ex_routines) {
  for (SlistEntry* entry = ExpInterlockedFlushSList(&list->list_head); entry;) {
    SlistEntry* const next = entry->next;
    if (ex_routines) {
      reinterpret_cast<FreeRoutineEx>(list->free)(entry, list);
    } else {
      reinterpret_cast<FreeRoutine>(list->free)(entry);
    }
    entry = next;
  }
}

void* or_pool_allocate(void* routine) {
  return routine ? routine : reinterpret_cast<void*>(&ExAllocatePoolWithTag);
}
void* or_pool_free(void* routine) {
  return routine ? routine : reinterpret_cast<void*>(&ExFreePool);
}

NTAPI void* allocate_ex(Ulong type, SizeT size, Ulong tag, GeneralLookaside*) {
  return allocate_for_lookaside(type, size, tag, __builtin_return_address(0));
}

NTAPI void free_ex(void* block, GeneralLookaside*) {
  pool_free(block, 0, __builtin_return_address(0));
}

}  // namespace

NTAPI void ExInitializePagedLookasideList(LookasideList* list, void* allocate, void* free, Ulong flags, SizeT size,
                                          Ulong tag, std::uint16_t) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kDispatchLevel, "ExInitializePagedLookasideList");
  initialise(&list->general, or_pool_allocate(allocate), or_pool_free(free), kPagedPool | (flags & kPoolRaise), size,
             tag);
  track(&list->general, caller);
}

NTAPI void ExInitializeNPagedLookasideList(LookasideList* list, void* allocate, void* free, Ulong flags, SizeT size,
                                           Ulong tag, std::uint16_t) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kDispatchLevel, "ExInitializeNPagedLookasideList");
  initialise(&list->general, or_pool_allocate(allocate), or_pool_free(free), flags & (kPoolNonpagedNx | kPoolRaise),
             size, tag);
  track(&list->general, caller);
}

NTAPI void ExDeletePagedLookasideList(LookasideList* list) {
  untrack(&list->general, "ExDeletePagedLookasideList");
  drain(&list->general, false);
}

NTAPI void ExDeleteNPagedLookasideList(LookasideList* list) {
  untrack(&list->general, "ExDeleteNPagedLookasideList");
  drain(&list->general, false);
}

NTAPI NtStatus ExInitializeLookasideListEx(GeneralLookaside* list, void* allocate, void* free, Ulong pool_type,
                                           Ulong flags, SizeT size, Ulong tag, std::uint16_t depth) {
  void* const caller = __builtin_return_address(0);
  constexpr Ulong kRaiseOnFail = 1, kFailNoRaise = 2;
  require_irql_at_most(kDispatchLevel, "ExInitializeLookasideListEx");
  if (depth != 0 || (flags & ~(kRaiseOnFail | kFailNoRaise)) || flags == (kRaiseOnFail | kFailNoRaise)) {
    return kStatusInvalidParameter;
  }
  if (flags == kRaiseOnFail) pool_type |= kPoolRaise;
  if (flags == kFailNoRaise) pool_type |= kPoolQuotaFailInstead;
  initialise(list, allocate ? allocate : reinterpret_cast<void*>(&allocate_ex),
             free ? free : reinterpret_cast<void*>(&free_ex), pool_type, size, tag);
  track(list, caller);
  return kStatusSuccess;
}

NTAPI void ExDeleteLookasideListEx(GeneralLookaside* list) {
  require_irql_at_most(kDispatchLevel, "ExDeleteLookasideListEx");
  untrack(list, "ExDeleteLookasideListEx");
  drain(list, true);
}

NTAPI void ExFlushLookasideListEx(GeneralLookaside* list) {
  require_irql_at_most(kDispatchLevel, "ExFlushLookasideListEx");
  drain(list, true);
}

std::vector<std::string> lookaside_lists_of(const LoadedImage& image) {
  std::vector<std::string> found;
  Tracked& t = tracked();
  std::lock_guard hold(t.mutex);
  for (const auto& [list, caller] : t.all) {
    if (image.contains(caller) || image.contains(list)) {
      found.push_back("lookaside list " + hex(list) + " (initialised by " + describe_address(caller) + ")");
    }
  }
  return found;
}

void forget_lookaside_lists_of(const LoadedImage& image) {
  Tracked& t = tracked();
  std::lock_guard hold(t.mutex);
  std::erase_if(t.all, [&](const auto& item) { return image.contains(item.second) || image.contains(item.first); });
}

}  // namespace wdscope::host
