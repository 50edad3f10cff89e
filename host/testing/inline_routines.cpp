// SPDX-License-Identifier: MIT
// Routines that the DDK headers build into the driver: what they do to the structures is the driver's own code, and
// only right when the executive's half agrees with it.
#include "kit/test.h"

namespace {

constexpr ULONG kTag = 0x6E696C49;  // "Ilin"
constexpr SIZE_T kEntrySize = 200;

LOOKASIDE_LIST_EX list;
ULONG made, unmade;

extern "C" {

PVOID NTAPI make_entry(POOL_TYPE type, SIZE_T size, ULONG tag, PLOOKASIDE_LIST_EX of) {
  ++made;
  return of == &list ? ExAllocatePoolWithTag(type, size, tag) : nullptr;
}

VOID NTAPI unmake_entry(PVOID entry, PLOOKASIDE_LIST_EX of) {
  ++unmade;
  if (of == &list) ExFreePoolWithTag(entry, kTag);
}

}  // extern "C"

PMDL describe(PVOID address, ULONG length) {
  return IoAllocateMdl(address, length, FALSE, FALSE, nullptr);
}

}  // namespace

KERNEL_TEST("Lookaside list: an entry that was freed is the next to be given") {
  KERNEL_REQUIRE(ExInitializeLookasideListEx(&list, nullptr, nullptr, NonPagedPool, 0, kEntrySize, kTag, 0) ==
                 STATUS_SUCCESS);
  void* const first = ExAllocateFromLookasideListEx(&list);
  KERNEL_CHECK(first != nullptr);
  KERNEL_CHECK_EQUAL(list.L.AllocateMisses, 1U);
  ExFreeToLookasideListEx(&list, first);
  KERNEL_CHECK_EQUAL(ExAllocateFromLookasideListEx(&list), first);
  KERNEL_CHECK_EQUAL(list.L.TotalAllocates, 2U);
  KERNEL_CHECK_EQUAL(list.L.AllocateMisses, 1U);
  ExFreeToLookasideListEx(&list, first);
  ExDeleteLookasideListEx(&list);
}

KERNEL_TEST("Lookaside list: a driver's own routines get the list, and what is cached goes back through them") {
  made = unmade = 0;
  KERNEL_REQUIRE(ExInitializeLookasideListEx(&list, make_entry, unmake_entry, PagedPool, 0, kEntrySize, kTag, 0) ==
                 STATUS_SUCCESS);
  void* entries[6];
  for (void*& entry : entries) entry = ExAllocateFromLookasideListEx(&list);
  KERNEL_CHECK_EQUAL(made, 6U);
  for (void* entry : entries) ExFreeToLookasideListEx(&list, entry);
  KERNEL_CHECK_EQUAL(ExQueryDepthSList(&list.L.ListHead), 4);  // what a list keeps at first
  KERNEL_CHECK_EQUAL(unmade, 2U);
  KERNEL_CHECK_EQUAL(list.L.FreeMisses, 2U);
  ExFlushLookasideListEx(&list);
  KERNEL_CHECK_EQUAL(unmade, 6U);
  ExFreeToLookasideListEx(&list, ExAllocateFromLookasideListEx(&list));
  ExDeleteLookasideListEx(&list);
  KERNEL_CHECK_EQUAL(unmade, 7U);
}

KERNEL_TEST("MDL: of nonpaged pool needs no mapping") {
  auto* const pool = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, 100, kTag));
  KERNEL_REQUIRE(pool != nullptr);
  PMDL mdl = describe(pool + 3, 50);
  if (mdl) {
    MmBuildMdlForNonPagedPool(mdl);
    KERNEL_CHECK_EQUAL(MmGetSystemAddressForMdlSafe(mdl, kNormalPriorityNoExecute), static_cast<void*>(pool + 3));
    KERNEL_CHECK_EQUAL(MmGetMdlVirtualAddress(mdl), static_cast<void*>(pool + 3));
    KERNEL_CHECK_EQUAL(MmGetMdlByteCount(mdl), 50U);
    IoFreeMdl(mdl);
  }
  KERNEL_CHECK(mdl != nullptr);
  ExFreePoolWithTag(pool, kTag);
}

KERNEL_TEST("MDL: locked pages are mapped once and stay so until they are unlocked") {
  auto* const pool = static_cast<UCHAR*>(ExAllocatePoolWithTag(PagedPool, 10'000, kTag));
  KERNEL_REQUIRE(pool != nullptr);
  PMDL mdl = describe(pool + 1, 9'000);
  if (mdl) {
    KERNEL_CHECK_EQUAL(ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl)), 3U);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    auto* const mapped = static_cast<UCHAR*>(MmGetSystemAddressForMdlSafe(mdl, kNormalPriorityNoExecute));
    KERNEL_CHECK(mapped != nullptr);
    KERNEL_CHECK_EQUAL(MmGetSystemAddressForMdlSafe(mdl, kNormalPriorityNoExecute), static_cast<void*>(mapped));
    mapped[8'999] = 0x5C;
    KERNEL_CHECK_EQUAL(pool[9'000], 0x5C);
    MmUnlockPages(mdl);
    KERNEL_CHECK_EQUAL(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA), 0);
    IoFreeMdl(mdl);
  }
  KERNEL_CHECK(mdl != nullptr);
  ExFreePoolWithTag(pool, kTag);
}
