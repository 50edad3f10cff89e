// SPDX-License-Identifier: MIT
// What drivers' inline code does with a list is proved in testing/inline_routines.cpp.
#include "host/ex/lookaside.h"

#include <gtest/gtest.h>

#include "host/ex/pool.h"
#include "host/ex/pool_layout.h"
#include "host/ex/slist.h"
#include "host/ke/irql.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr Ulong kLookTag = pool_tag("Look");
constexpr Ulong kNonpagedNx = 0x200, kRaiseOnFail = 1, kFailNoRaise = 2;

using AllocateEx = void* NTAPI (*)(Ulong type, SizeT size, Ulong tag, GeneralLookaside* list);
using FreeEx = void NTAPI (*)(void* block, GeneralLookaside* list);

void* allocate_by(GeneralLookaside& list) {
  return reinterpret_cast<AllocateEx>(list.allocate)(list.type, list.size, list.tag, &list);
}

NtStatus initialise_ex(GeneralLookaside& list, Ulong flags = 0, SizeT size = 40, std::uint16_t depth = 0) {
  return ExInitializeLookasideListEx(&list, nullptr, nullptr, kNonpagedNx, flags, size, kLookTag, depth);
}

TEST(LookasideEx, BeginsEmptyAndAllocatesNothing) {
  GeneralLookaside list;
  const std::size_t before = pool_use_of(nullptr).allocations;
  ASSERT_EQ(initialise_ex(list), kStatusSuccess);
  EXPECT_EQ(pool_use_of(nullptr).allocations, before);
  EXPECT_EQ(list.depth, 4);
  EXPECT_EQ(list.maximum_depth, 256);
  EXPECT_EQ(list.type, kNonpagedNx);
  EXPECT_EQ(list.size, 40U);
  EXPECT_EQ(list.tag, kLookTag);
  EXPECT_EQ(ExQueryDepthSList(&list.list_head), 0);
  ExDeleteLookasideListEx(&list);
}

TEST(LookasideEx, AnEntryIsNeverTooSmallForTheLink) {
  GeneralLookaside list;
  ASSERT_EQ(initialise_ex(list, 0, 1), kStatusSuccess);
  EXPECT_GE(list.size, sizeof(SlistEntry));
  ExDeleteLookasideListEx(&list);
}

TEST(LookasideEx, FlushFreesWhatIsCachedAndKeepsTheList) {
  GeneralLookaside list;
  ASSERT_EQ(initialise_ex(list), kStatusSuccess);
  const std::size_t before = pool_use_of(nullptr).allocations;
  for (int i = 0; i < 3; ++i) {
    ExpInterlockedPushEntrySList(&list.list_head, static_cast<SlistEntry*>(allocate_by(list)));
  }
  EXPECT_EQ(pool_use_of(nullptr).allocations, before + 3);
  ExFlushLookasideListEx(&list);
  EXPECT_EQ(pool_use_of(nullptr).allocations, before);
  void* const entry = allocate_by(list);
  EXPECT_NE(entry, nullptr);
  reinterpret_cast<FreeEx>(list.free)(entry, &list);
  ExDeleteLookasideListEx(&list);
  EXPECT_EQ(pool_use_of(nullptr).allocations, before);
}

TEST(LookasideEx, RefusesUnknownFlagsAndADepth) {
  GeneralLookaside list;
  EXPECT_EQ(initialise_ex(list, kRaiseOnFail | kFailNoRaise), kStatusInvalidParameter);
  EXPECT_EQ(initialise_ex(list, 4), kStatusInvalidParameter);
  EXPECT_EQ(initialise_ex(list, 0, 40, 1), kStatusInvalidParameter);
}

class LookasideExDeathTest : public ::testing::Test {
 protected:
  static constexpr SizeT kMoreThanThereIs = kLargestPoolBlock + 1;
  GeneralLookaside list_;
};

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

TEST_F(LookasideExDeathTest, AFailedAllocationRaisesOnlyWhenAsked) {
  ASSERT_EQ(initialise_ex(list_, 0, kMoreThanThereIs), kStatusSuccess);
  EXPECT_EQ(allocate_by(list_), nullptr);
  ExDeleteLookasideListEx(&list_);
  ASSERT_EQ(initialise_ex(list_, kRaiseOnFail, kMoreThanThereIs), kStatusSuccess);
  EXPECT_BUG_CHECK(allocate_by(list_), "0x1E.*\n.*asked to raise an exception");
  ExDeleteLookasideListEx(&list_);
}

TEST_F(LookasideExDeathTest, DeletingTwiceIsABugCheck) {
  ASSERT_EQ(initialise_ex(list_), kStatusSuccess);
  ExDeleteLookasideListEx(&list_);
  EXPECT_BUG_CHECK(ExDeleteLookasideListEx(&list_), "ExDeleteLookasideListEx.*not initialised, or was deleted");
}

TEST_F(LookasideExDeathTest, AnEntryFreedTwiceIsABugCheck) {
  ASSERT_EQ(initialise_ex(list_), kStatusSuccess);
  void* const entry = allocate_by(list_);
  ASSERT_NE(entry, nullptr);
  reinterpret_cast<FreeEx>(list_.free)(entry, &list_);
  EXPECT_BUG_CHECK(reinterpret_cast<FreeEx>(list_.free)(entry, &list_), "double free of the 40-byte");
  ExDeleteLookasideListEx(&list_);
}

TEST_F(LookasideExDeathTest, MustBeAlignedForItsHead) {
  alignas(16) std::byte storage[sizeof(GeneralLookaside) + 8];
  auto* const odd = reinterpret_cast<GeneralLookaside*>(storage + 8);
  EXPECT_BUG_CHECK(ExInitializeLookasideListEx(odd, nullptr, nullptr, 0, 0, 40, kLookTag, 0), "16-byte aligned");
}

TEST_F(LookasideExDeathTest, AboveDispatchLevelIsABugCheck) {
  ASSERT_EQ(initialise_ex(list_), kStatusSuccess);
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        initialise_ex(list_);
      },
      "ExInitializeLookasideListEx was called at IRQL 15");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        ExFlushLookasideListEx(&list_);
      },
      "ExFlushLookasideListEx was called at IRQL 15");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        ExDeleteLookasideListEx(&list_);
      },
      "ExDeleteLookasideListEx was called at IRQL 15");
  ExDeleteLookasideListEx(&list_);
}

}  // namespace
}  // namespace wdscope::host
