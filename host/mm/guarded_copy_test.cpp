// SPDX-License-Identifier: MIT
#include "host/mm/guarded_copy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "host/ex/pool.h"
#include "host/mm/memory.h"

namespace wdscope::host {
namespace {

constexpr std::size_t kPage = 4096;

// Two pages, the second of which may not be touched.
class EdgeOfMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    install_fault_handler();
    memory_ =
        static_cast<std::byte*>(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t i = 0; i < kPage; ++i) memory_[i] = static_cast<std::byte>(i * 7);
    mprotect(memory_ + kPage, kPage, PROT_NONE);
  }
  void TearDown() override { munmap(memory_, 2 * kPage); }

  std::byte* memory_ = nullptr;
};

TEST_F(EdgeOfMemory, ACopyEndsAtTheExactByteBeforeTheBadPage) {
  for (std::size_t readable = 0; readable <= 140; ++readable) {
    for (const std::size_t size : {readable + 1, readable + 9, std::size_t{2000}}) {
      std::vector<std::byte> target(2048, std::byte{0xEE});
      EXPECT_EQ(guarded_copy(target.data(), memory_ + kPage - readable, size), readable) << "of " << size;
      EXPECT_EQ(std::memcmp(target.data(), memory_ + kPage - readable, readable), 0);
      EXPECT_EQ(target[readable], std::byte{0xEE});
    }
  }
}

TEST_F(EdgeOfMemory, AReadableSourceIsCopiedWholeAndNoMore) {
  std::vector<std::size_t> sizes(200);
  std::iota(sizes.begin(), sizes.end(), 0);
  sizes.insert(sizes.end(), {511, 512, 4096});
  for (const std::size_t size : sizes) {
    std::vector<std::byte> target(kPage + 1, std::byte{0xEE});
    EXPECT_EQ(guarded_copy(target.data(), memory_ + kPage - size, size), size);
    EXPECT_EQ(std::memcmp(target.data(), memory_ + kPage - size, size), 0) << size;
    EXPECT_EQ(target[size], std::byte{0xEE}) << size;
  }
}

TEST_F(EdgeOfMemory, NullAndNonCanonicalSourcesCopyNothing) {
  char target[16];
  EXPECT_EQ(guarded_copy(target, nullptr, 16), 0U);
  EXPECT_EQ(guarded_copy(target, reinterpret_cast<const void*>(0x0123'4567'89AB'CDEFULL), 16), 0U);
  EXPECT_EQ(guarded_copy(target, reinterpret_cast<const void*>(0x0123'4567'89AB'CDEFULL), 1024), 0U);
}

TEST_F(EdgeOfMemory, MmCopyMemoryTellsHowFarItCame) {
  char target[64];
  SizeT transferred = 99;
  EXPECT_EQ(MmCopyMemory(target, {memory_ + kPage - 10}, 64, kCopyVirtual, &transferred), kStatusInvalidAddress);
  EXPECT_EQ(transferred, 10U);
  EXPECT_EQ(MmCopyMemory(target, {memory_}, 64, kCopyVirtual, &transferred), kStatusSuccess);
  EXPECT_EQ(transferred, 64U);
  EXPECT_EQ(MmCopyMemory(target, {memory_}, 0, kCopyVirtual, &transferred), kStatusSuccess);
  EXPECT_EQ(transferred, 0U);
}

TEST_F(EdgeOfMemory, MmCopyMemoryWantsExactlyOneKindOfAddress) {
  char target[8];
  SizeT transferred = 99;
  for (const Ulong flags : {0U, 3U, 4U, 6U}) {
    EXPECT_EQ(MmCopyMemory(target, {memory_}, 8, flags, &transferred), kStatusInvalidParameter4);
    EXPECT_EQ(transferred, 0U);
  }
  EXPECT_EQ(MmCopyMemory(target, {memory_}, 8, kCopyPhysical, &transferred), kStatusNotSupported);
}

TEST(SystemRoutines, AreFoundByTheirExactName) {
  const auto find = [](std::u16string name) {
    const UnicodeString text{static_cast<std::uint16_t>(name.size() * 2), static_cast<std::uint16_t>(name.size() * 2),
                             name.data()};
    return MmGetSystemRoutineAddress(&text);
  };
  EXPECT_EQ(find(u"MmCopyMemory"), reinterpret_cast<void*>(&MmCopyMemory));
  EXPECT_EQ(find(u"mmcopymemory"), nullptr);
  EXPECT_EQ(find(u"MmCopyMemoryEx"), nullptr);
  EXPECT_EQ(find(u"FltParseFileName"), nullptr) << "not the kernel's";
}

}  // namespace
}  // namespace wdscope::host
