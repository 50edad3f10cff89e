// SPDX-License-Identifier: MIT
// The executive's own structures at their x64 layout: locks, rundown protection, interlocked lists, lookaside lists.
// Source: header (mingw-w64 DDK, wdm.h), documented.
#pragma once

#include "host/nt/base.h"
#include "host/nt/ke.h"

namespace wdscope::host {

struct FastMutex {  // FAST_MUTEX; KGUARDED_MUTEX has the same shape
  Long count;       // 1: free, 0: held, below: waiters
  Thread* owner;
  Ulong contention;
  KEvent event;
  Ulong old_irql;
};
static_assert(sizeof(FastMutex) == 0x38);

using PushLockWord = std::uint64_t;  // EX_PUSH_LOCK; 0: free
using RundownRef = std::uint64_t;    // EX_RUNDOWN_REF

struct OwnerEntry {  // OWNER_ENTRY
  std::uint64_t owner_thread;
  Ulong owner_count;  // in the first entry of an owner table: its size
  Ulong unused;
};
static_assert(sizeof(OwnerEntry) == 0x10);

struct Resource {  // ERESOURCE
  ListEntry system_resources_list;
  OwnerEntry* owner_table;
  std::int16_t active_count;
  std::uint16_t flag;  // kResourceOwnedExclusive
  void* shared_waiters;
  void* exclusive_waiters;
  OwnerEntry owner_entry;
  Ulong active_entries;
  Ulong contention_count;
  Ulong number_of_shared_waiters;
  Ulong number_of_exclusive_waiters;
  void* reserved;
  void* address;
  KSpinLock spin_lock;
};
static_assert(sizeof(Resource) == 0x68 && offsetof(Resource, owner_entry) == 0x30 &&
              offsetof(Resource, spin_lock) == 0x60);

struct SlistEntry {
  SlistEntry* next;
};

struct alignas(16) SlistHeader {     // SLIST_HEADER, HeaderX64 form
  std::uint64_t depth_and_sequence;  // depth: low 16 bits
  std::uint64_t next;                // address of the first entry, whose low 4 bits are not kept
};
static_assert(sizeof(SlistHeader) == 0x10);

struct GeneralLookaside {  // GENERAL_LOOKASIDE_LAYOUT
  SlistHeader list_head;
  std::uint16_t depth;
  std::uint16_t maximum_depth;
  Ulong total_allocates;
  Ulong allocate_misses;
  Ulong total_frees;
  Ulong free_misses;
  Ulong type;
  Ulong tag;
  Ulong size;
  void* allocate;
  void* free;
  ListEntry list_entry;
  Ulong last_total_allocates;
  Ulong last_allocate_misses;
  Ulong future[2];
};
static_assert(sizeof(GeneralLookaside) == 0x60);

struct alignas(16) LookasideList {  // PAGED_LOOKASIDE_LIST, NPAGED_LOOKASIDE_LIST
  GeneralLookaside general;
  std::byte padding[0x20];
};
static_assert(sizeof(LookasideList) == 0x80);

}  // namespace wdscope::host
