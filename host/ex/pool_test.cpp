// SPDX-License-Identifier: MIT
#include "host/ex/pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "host/ex/lookaside.h"
#include "host/ex/pool_routines.h"
#include "host/ex/slist.h"
#include "host/ke/irql.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTag = pool_tag("Test");
constexpr Ulong kNonpaged = 0, kPaged = 1;
constexpr std::uint64_t kFlagNonpaged = 0x40, kFlagPaged = 0x100, kFlagUninitialized = 2;

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

TEST(Pool, BlocksAreAlignedAsOnWindows) {
  for (const SizeT size :
       {1UL, 16UL, 64UL, 65UL, 300UL, 1000UL, 2000UL, 4032UL, 4033UL, 4095UL, 4096UL, 5000UL, 70000UL, 3UL << 20}) {
    void* const block = ExAllocatePoolWithTag(kNonpaged, size, kTag);
    ASSERT_NE(block, nullptr) << size;
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    EXPECT_GE(address, kSystemRangeStart);
    EXPECT_EQ(address % 16, 0U);
    if (size >= 4096) {
      EXPECT_EQ(address % 4096, 0U) << size;
    } else {
      EXPECT_EQ(address / 4096, (address + size - 1) / 4096) << size << " bytes cross a page";
    }
    EXPECT_EQ(*static_cast<unsigned char*>(block), 0xA5) << "uninitialised memory shows";
    std::memset(block, 0, size);
    ExFreePoolWithTag(block, kTag);
  }
}

TEST(Pool, Pool2ZeroesUnlessToldNotTo) {
  auto* zeroed = static_cast<unsigned char*>(ExAllocatePool2(kFlagNonpaged, 100, kTag));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zeroed[i], 0);
  ExFreePoolWithTag(zeroed, kTag);
  auto* filled = static_cast<unsigned char*>(ExAllocatePool2(kFlagPaged | kFlagUninitialized, 100, kTag));
  EXPECT_EQ(filled[99], 0xA5);
  ExFreePool(filled);
}

TEST(Pool, Pool2RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ExAllocatePool2(kFlagNonpaged, 16, 0), nullptr);
  EXPECT_EQ(ExAllocatePool2(kFlagNonpaged, 0, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(kFlagNonpaged | 0x8000'0000, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(kFlagNonpaged | kFlagPaged, 16, kTag), nullptr);
  void* const block = ExAllocatePool2(kFlagNonpaged | 1ULL << 40, 16, kTag);
  EXPECT_NE(block, nullptr) << "unknown optional flags are ignored";
  ExFreePool(block);
}

TEST(PoolRules, FreesAreChecked) {
  auto* block = static_cast<std::byte*>(ExAllocatePoolWithTag(kNonpaged, 64, kTag));
  int local = 0;
  EXPECT_BUG_CHECK(ExFreePoolWithTag(block, pool_tag("Oops")), "freed with tag 'Oops'.*tag 'Test'");
  EXPECT_BUG_CHECK(ExFreePool(block + 16), "is not the start of a block: it is at offset 16");
  EXPECT_BUG_CHECK(ExFreePool(nullptr), "a null pointer was given");
  EXPECT_BUG_CHECK(ExFreePool(&local), "is not an address of the pool");
  EXPECT_BUG_CHECK(
      {
        ExFreePool(block);
        ExFreePool(block);
      },
      "double free of the 64-byte nonpaged block");
  ExFreePool(block);
}

#ifndef WDSCOPE_ASAN
TEST(PoolRules, OverrunsShowAtTheFree) {
  auto* block = static_cast<unsigned char*>(ExAllocatePoolWithTag(kNonpaged, 61, kTag));
  EXPECT_BUG_CHECK(
      {
        block[61] = 1;
        ExFreePool(block);
      },
      "memory behind the 61-byte nonpaged block");
  EXPECT_BUG_CHECK(
      {
        block[-1] ^= 1;
        ExFreePool(block);
      },
      "memory before the 61-byte");
  ExFreePool(block);
}

TEST(PoolRules, AWriteAfterTheFreeShowsWhenTheQuarantineLetsGo) {
  EXPECT_BUG_CHECK(
      {
        auto* block = static_cast<unsigned char*>(ExAllocatePoolWithTag(kNonpaged, 64, kTag));
        ExFreePool(block);
        block[5] = 1;
        for (int i = 0; i < 300; ++i) ExFreePool(ExAllocatePoolWithTag(kNonpaged, 64, kTag));
      },
      "written after it was freed: offset 5");
}
#endif

TEST(PoolRules, IrqlAndTagsAreChecked) {
  KfRaiseIrql(kDispatchLevel);
  EXPECT_BUG_CHECK(ExAllocatePoolWithTag(kPaged, 16, kTag), "allocating from paged pool at IRQL 2");
  KeLowerIrql(kPassiveLevel);
  EXPECT_BUG_CHECK(ExAllocatePoolWithTag(kNonpaged, 16, 0), "is zero");
  EXPECT_BUG_CHECK(ExAllocatePoolWithTag(kNonpaged, 16, pool_tag("....")), "no letter or digit");
  EXPECT_BUG_CHECK(ExAllocatePoolWithTag(kNonpaged, 0, kTag), "zero bytes");
}

TEST(Pool, ThreadsAllocateAndFreeEachOthersBlocks) {
  SlistHeader list{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (SizeT n = 0; n < 3000; ++n) {
        auto* entry = static_cast<SlistEntry*>(ExAllocatePoolWithTag(kNonpaged, 16 + (n * 37 + t) % 600, kTag));
        ExpInterlockedPushEntrySList(&list, entry);
        if (n % 2) {
          ExFreePool(ExpInterlockedPopEntrySList(&list));
          ExFreePool(ExpInterlockedPopEntrySList(&list));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ExQueryDepthSList(&list), 0);
}

TEST(Slist, IsLastInFirstOutAndCountsItsDepth) {
  alignas(16) SlistHeader list{};
  struct alignas(16) Entry : SlistEntry {};
  Entry a, b;
  EXPECT_EQ(ExpInterlockedPushEntrySList(&list, &a), nullptr);
  EXPECT_EQ(ExpInterlockedPushEntrySList(&list, &b), &a);
  EXPECT_EQ(ExQueryDepthSList(&list), 2);
  EXPECT_EQ(ExpInterlockedPopEntrySList(&list), &b);
  EXPECT_EQ(ExpInterlockedFlushSList(&list), &a);
  EXPECT_EQ(ExpInterlockedPopEntrySList(&list), nullptr);
}

TEST(Lookaside, BeginsAsOnWindowsAndDeletesWhatItCaches) {
  LookasideList list;
  const std::size_t before = pool_use_of(nullptr).allocations;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0x200, 40, kTag, 77);
  EXPECT_EQ(list.general.depth, 4);
  EXPECT_EQ(list.general.maximum_depth, 256);
  EXPECT_EQ(list.general.type, 0x200U);
  EXPECT_EQ(list.general.size, 40U);
  using Allocate = void* NTAPI (*)(Ulong, SizeT, Ulong);
  void* const entry = reinterpret_cast<Allocate>(list.general.allocate)(0, list.general.size, list.general.tag);
  ExpInterlockedPushEntrySList(&list.general.list_head, static_cast<SlistEntry*>(entry));
  EXPECT_EQ(pool_use_of(nullptr).allocations, before + 1);
  ExDeleteNPagedLookasideList(&list);
  EXPECT_EQ(pool_use_of(nullptr).allocations, before);
  EXPECT_BUG_CHECK(ExDeleteNPagedLookasideList(&list), "not initialised, or was deleted");
}

}  // namespace
}  // namespace wdscope::host
