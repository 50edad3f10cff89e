// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "host/ex/fast_mutex.h"
#include "host/ke/irql.h"
#include "host/ke/thread.h"

namespace wdscope::host {
namespace {

class GuardedMutexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";  // ThreadSanitizer allows no thread after a mere fork
    KeInitializeGuardedMutex(&mutex_);
  }

  bool another_gets_in() {
    bool in = false;
    std::thread([&] {
      in = KeTryToAcquireGuardedMutex(&mutex_);
      if (in) KeReleaseGuardedMutex(&mutex_);
    }).join();
    return in;
  }

  FastMutex mutex_;
};

TEST_F(GuardedMutexTest, HoldsAllApcsBackAndLeavesTheIrqlAlone) {
  KeAcquireGuardedMutex(&mutex_);
  EXPECT_TRUE(KeAreAllApcsDisabled());
  EXPECT_EQ(KeGetCurrentIrql(), kPassiveLevel);
  EXPECT_EQ(mutex_.count, 0);
  EXPECT_EQ(mutex_.owner, &current_thread());
  KeReleaseGuardedMutex(&mutex_);
  EXPECT_FALSE(KeAreAllApcsDisabled());
  EXPECT_EQ(mutex_.count, 1);
  EXPECT_EQ(mutex_.owner, nullptr);
}

TEST_F(GuardedMutexTest, OneInsideAGuardedRegionLeavesThatRegionOpen) {
  KeEnterGuardedRegion();
  KeAcquireGuardedMutex(&mutex_);
  KeReleaseGuardedMutex(&mutex_);
  EXPECT_TRUE(KeAreAllApcsDisabled());
  KeLeaveGuardedRegion();
  EXPECT_FALSE(KeAreAllApcsDisabled());
}

TEST_F(GuardedMutexTest, AFailedTryChangesNothing) {
  KeAcquireGuardedMutex(&mutex_);
  EXPECT_FALSE(KeTryToAcquireGuardedMutex(&mutex_)) << "not recursive";
  EXPECT_FALSE(another_gets_in());
  EXPECT_EQ(mutex_.count, 0);
  KeReleaseGuardedMutex(&mutex_);
  EXPECT_FALSE(KeAreAllApcsDisabled()) << "the failed try entered no region";
  EXPECT_TRUE(another_gets_in());
}

TEST_F(GuardedMutexTest, KeepsOthersOut) {
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        KeAcquireGuardedMutex(&mutex_);
        ++count;
        KeReleaseGuardedMutex(&mutex_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 8000U);
  EXPECT_EQ(mutex_.count, 1);
}

TEST_F(GuardedMutexTest, TheUnsafeKindStandsInTheCallersRegion) {
  KeEnterGuardedRegion();
  KeAcquireGuardedMutexUnsafe(&mutex_);
  EXPECT_FALSE(another_gets_in());
  KeReleaseGuardedMutexUnsafe(&mutex_);
  EXPECT_TRUE(another_gets_in());
  KeLeaveGuardedRegion();
}

using GuardedMutexDeathTest = GuardedMutexTest;

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

TEST_F(GuardedMutexDeathTest, AcquiringOrReleasingAboveApcLevelIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kDispatchLevel);
        KeAcquireGuardedMutex(&mutex_);
      },
      "0xC4 .*0x33.*\n.*acquired above APC_LEVEL");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kDispatchLevel);
        KeTryToAcquireGuardedMutex(&mutex_);
      },
      "acquired above APC_LEVEL");
  EXPECT_BUG_CHECK(
      {
        KeAcquireGuardedMutex(&mutex_);
        KfRaiseIrql(kDispatchLevel);
        KeReleaseGuardedMutex(&mutex_);
      },
      "0xC4 .*0x34.*\n.*released above APC_LEVEL");
}

TEST_F(GuardedMutexDeathTest, OnlyTheOwnerMayRelease) {
  EXPECT_BUG_CHECK(KeReleaseGuardedMutex(&mutex_), "released by a thread that does not hold it");
  EXPECT_BUG_CHECK(
      {
        KeAcquireGuardedMutex(&mutex_);
        std::thread([&] { KeReleaseGuardedMutex(&mutex_); }).join();
      },
      "released by a thread that does not hold it");
}

TEST_F(GuardedMutexDeathTest, RecursionIsABugCheckAndNotAHang) {
  EXPECT_BUG_CHECK(
      {
        KeAcquireGuardedMutex(&mutex_);
        KeAcquireGuardedMutex(&mutex_);
      },
      "acquired by the thread that holds it");
}

TEST_F(GuardedMutexDeathTest, TheUnsafeKindNeedsARegionAndDoesNotMakeOne) {
  EXPECT_BUG_CHECK(KeAcquireGuardedMutexUnsafe(&mutex_), "0xC4 .*0x39.*\n.*with APCs enabled");
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kApcLevel);
        KeAcquireGuardedMutexUnsafe(&mutex_);
        KeReleaseGuardedMutex(&mutex_);
      },
      "KeLeaveGuardedRegion without a KeEnterGuardedRegion");
}

TEST_F(GuardedMutexDeathTest, TakenInTwoOrdersIsAnInversion) {
  FastMutex other;
  KeInitializeGuardedMutex(&other);
  const auto both = [](FastMutex& first, FastMutex& second) {
    KeAcquireGuardedMutex(&first);
    KeAcquireGuardedMutex(&second);
    KeReleaseGuardedMutex(&second);
    KeReleaseGuardedMutex(&first);
  };
  both(mutex_, other);
  EXPECT_BUG_CHECK(both(other, mutex_), "lock order inversion");
}

}  // namespace
}  // namespace wdscope::host
