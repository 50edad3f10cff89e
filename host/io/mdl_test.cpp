// SPDX-License-Identifier: MIT
#include "host/io/mdl.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "host/ex/pool_routines.h"
#include "host/ke/irql.h"
#include "host/ke/thread.h"
#include "host/mm/guarded_copy.h"
#include "host/mm/memory.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr Ulong kKernelMode = 0, kCached = 1, kNormalPriority = 16, kWriteAccess = 1;
constexpr Ulong kMdlTestTag = pool_tag("MdlT");
constexpr std::uintptr_t kPage = 4096;

// What MmGetSystemAddressForMdlSafe calls when the MDL is not mapped.
void* map_mdl(Mdl* mdl) {
  return MmMapLockedPagesSpecifyCache(mdl, kKernelMode, kCached, nullptr, 0, kNormalPriority);
}

class MdlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    install_fault_handler();  // by which the probe finds out what is not there
    mdl_ = IoAllocateMdl(buffer_.data() + 1, 9000, 0, 0, nullptr);
    ASSERT_NE(mdl_, nullptr);
  }
  void TearDown() override { IoFreeMdl(mdl_); }

  std::vector<std::byte> buffer_ = std::vector<std::byte>(10'000);
  Mdl* mdl_ = nullptr;
};

TEST_F(MdlTest, DescribesTheBufferByItsPages) {
  const auto start = reinterpret_cast<std::uintptr_t>(buffer_.data() + 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mdl_->start_va), start - start % kPage);
  EXPECT_EQ(mdl_->byte_offset, start % kPage);
  EXPECT_EQ(mdl_->byte_count, 9000U);
  EXPECT_EQ(mdl_->mdl_flags, 0);
  EXPECT_EQ(mdl_->next, nullptr);
  const std::uintptr_t pages = (start % kPage + 9000 + kPage - 1) / kPage;
  EXPECT_EQ(static_cast<std::size_t>(mdl_->size), sizeof(Mdl) + pages * sizeof(std::uint64_t));
}

TEST_F(MdlTest, OfMoreThanFourGigabytesCannotBe) {
  EXPECT_EQ(IoAllocateMdl(buffer_.data(), 0xFFFFFFFF, 0, 0, nullptr), nullptr);
}

TEST_F(MdlTest, IsTheIrpsFirstOrJoinsTheEndOfItsList) {
  Irp irp{};
  Mdl* const first = IoAllocateMdl(buffer_.data(), 1, 0, 0, &irp);
  Mdl* const second = IoAllocateMdl(buffer_.data(), 2, 1, 0, &irp);
  Mdl* const third = IoAllocateMdl(buffer_.data(), 3, 1, 0, &irp);
  EXPECT_EQ(irp.mdl_address, first);
  EXPECT_EQ(first->next, second);
  EXPECT_EQ(second->next, third);
  EXPECT_EQ(third->next, nullptr);
  for (Mdl* mdl : {first, second, third}) IoFreeMdl(mdl);
}

TEST_F(MdlTest, LockedPagesAreMappedWhereTheyAre) {
  MmProbeAndLockPages(mdl_, kKernelMode, kWriteAccess);
  EXPECT_EQ(mdl_->mdl_flags, kMdlPagesLocked | kMdlWriteOperation);
  EXPECT_EQ(mdl_->process, current_thread().process);
  auto* const mapped = static_cast<std::byte*>(map_mdl(mdl_));
  EXPECT_EQ(mapped, buffer_.data() + 1);
  EXPECT_EQ(mdl_->mapped_system_va, mapped);
  EXPECT_TRUE(mdl_->mdl_flags & kMdlMappedToSystemVa);
  MmUnmapLockedPages(mapped, mdl_);
  EXPECT_FALSE(mdl_->mdl_flags & kMdlMappedToSystemVa);
  EXPECT_EQ(mdl_->mapped_system_va, nullptr);
  MmUnlockPages(mdl_);
  EXPECT_EQ(mdl_->mdl_flags, 0);
}

TEST_F(MdlTest, UnlockingUnmapsToo) {
  MmProbeAndLockPages(mdl_, kKernelMode, 0);
  map_mdl(mdl_);
  MmUnlockPages(mdl_);
  EXPECT_EQ(mdl_->mdl_flags, 0);
  EXPECT_EQ(mdl_->mapped_system_va, nullptr);
}

TEST_F(MdlTest, OfNonpagedPoolIsMappedFromTheStart) {
  void* const pool = ExAllocatePool2(0x40, 100, kMdlTestTag);
  Mdl* const mdl = IoAllocateMdl(pool, 100, 0, 0, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  EXPECT_EQ(mdl->mdl_flags, kMdlSourceIsNonpagedPool);
  EXPECT_EQ(mdl->mapped_system_va, pool);
  IoFreeMdl(mdl);
  ExFreePool(pool);
}

using MdlDeathTest = MdlTest;

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

TEST_F(MdlDeathTest, LockingTwiceIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        MmProbeAndLockPages(mdl_, kKernelMode, 0);
        MmProbeAndLockPages(mdl_, kKernelMode, 0);
      },
      "MmProbeAndLockPages on MDL 0x.*locked already");
}

TEST_F(MdlDeathTest, LockingWhatIsNotThereIsABugCheck) {
  void* const gone = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(gone, MAP_FAILED);
  Mdl* const mdl = IoAllocateMdl(gone, 2 * kPage, 0, 0, nullptr);
  ASSERT_EQ(mprotect(static_cast<std::byte*>(gone) + kPage, kPage, PROT_NONE), 0);
  EXPECT_BUG_CHECK(MmProbeAndLockPages(mdl, kKernelMode, 0), "MmProbeAndLockPages raised .*nothing is mapped at 0x");
  IoFreeMdl(mdl);
  munmap(gone, 2 * kPage);
}

TEST_F(MdlDeathTest, MappingOrUnlockingWhatIsNotLockedIsABugCheck) {
  EXPECT_BUG_CHECK(map_mdl(mdl_), "MmMapLockedPagesSpecifyCache .*whose pages are not locked");
  EXPECT_BUG_CHECK(MmUnlockPages(mdl_), "0x76.*\n.*MmUnlockPages .*whose pages are not locked");
}

TEST_F(MdlDeathTest, UnmappingWhatIsNotMappedThereIsABugCheck) {
  MmProbeAndLockPages(mdl_, kKernelMode, 0);
  EXPECT_BUG_CHECK(MmUnmapLockedPages(buffer_.data() + 1, mdl_), "MmUnmapLockedPages .*is not mapped at 0x");
  map_mdl(mdl_);
  EXPECT_BUG_CHECK(MmUnmapLockedPages(buffer_.data(), mdl_), "MmUnmapLockedPages .*is not mapped at 0x");
  MmUnlockPages(mdl_);
}

TEST_F(MdlDeathTest, FreeingOneWhosePagesAreLockedIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        MmProbeAndLockPages(mdl_, kKernelMode, 0);
        IoFreeMdl(mdl_);
      },
      "while its pages are locked; MmUnlockPages comes first");
}

TEST_F(MdlDeathTest, FreeingTwiceIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        IoFreeMdl(mdl_);
        IoFreeMdl(mdl_);
      },
      "double free of the .*tag 'Mdl '");
}

TEST_F(MdlDeathTest, CallingPagedPoolNonpagedIsABugCheck) {
  void* const pool = ExAllocatePool2(0x100, 100, kMdlTestTag);
  Mdl* const mdl = IoAllocateMdl(pool, 100, 0, 0, nullptr);
  EXPECT_BUG_CHECK(MmBuildMdlForNonPagedPool(mdl),
                   "MmBuildMdlForNonPagedPool .*paged pool: at offset 0 of the 100-byte");
  IoFreeMdl(mdl);
  ExFreePool(pool);
}

TEST_F(MdlDeathTest, AboveDispatchLevelIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        IoAllocateMdl(buffer_.data(), 1, 0, 0, nullptr);
      },
      "IoAllocateMdl was called at IRQL 15");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        MmProbeAndLockPages(mdl_, kKernelMode, 0);
      },
      "MmProbeAndLockPages was called at IRQL 15");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kHighLevel);
        MmBuildMdlForNonPagedPool(mdl_);
      },
      "MmBuildMdlForNonPagedPool was called at IRQL 15");
}

}  // namespace
}  // namespace wdscope::host
