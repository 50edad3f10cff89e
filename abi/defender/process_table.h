// SPDX-License-Identifier: MIT
// MP_PROCESS_TABLE: 128 buckets of process contexts, one table in the driver. Nonpaged pool, tag "MPpT".
// Source: research ExecutiveCallbackObjects, WdFilter-Research (1910), wdfilter-research (25080).
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

inline constexpr std::uint32_t kProcessTableMagic = magic_of(0x1C0, 0xDA13);
inline constexpr std::uint32_t kProcessBucketCount = 0x80;  // buckets, not a limit on processes

// The bucket of a process id: ids are multiples of four.
constexpr std::uint32_t process_bucket(std::uint64_t process_id) {
  return (process_id >> 2) & 0x7F;
}

struct MP_PROCESS_TABLE {
  std::uint32_t Magic;                   // 0x000
  std::uint32_t Padding04;               // 0x004
  EresourceBytes Lock;                   // 0x008 buckets, list links, trust transitions
  std::uint8_t Padding70[0x10];          // 0x070
  LookasideBytes ContextLookaside;       // 0x080 paged, element = context size, tag "MPpX"
  LookasideBytes ListEntryLookaside;     // 0x100 paged, element 0x18, tag "MPpe"
  KernelAddress Buckets;                 // 0x180 LIST_ENTRY[0x80], paged pool, tag "MPpT"
  KeventBytes EnumerationDone;           // 0x188 notification event, initially signalled
  std::int32_t EnumerationsInProgress;   // 0x1A0 interlocked
  std::uint32_t TrustedCount;            // 0x1A4 contexts with ProcessFlags 0x40
  std::uint32_t UntrustedCount;          // 0x1A8 contexts without
  std::uint32_t Unknown1AC;              // 0x1AC
  std::uint32_t CreateThreadNotifyLock;  // 0x1B0 used by the 1910 thread routine
  std::uint8_t Padding1B4[0x0C];         // 0x1B4
};
static_assert(sizeof(MP_PROCESS_TABLE) == 0x1C0);
static_assert(offsetof(MP_PROCESS_TABLE, ContextLookaside) == 0x080);
static_assert(offsetof(MP_PROCESS_TABLE, ListEntryLookaside) == 0x100);
static_assert(offsetof(MP_PROCESS_TABLE, Buckets) == 0x180);
static_assert(offsetof(MP_PROCESS_TABLE, EnumerationDone) == 0x188);
static_assert(offsetof(MP_PROCESS_TABLE, TrustedCount) == 0x1A4);

}  // namespace wdscope::defender
