// SPDX-License-Identifier: MIT
// ERESOURCE, fast mutex, push lock, rundown protection, and the order in which locks are taken.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "host/ex/fast_mutex.h"
#include "host/ex/pool_routines.h"
#include "host/ex/push_lock.h"
#include "host/ex/resource.h"
#include "host/ex/rundown.h"
#include "host/ke/irql.h"
#include "host/ke/spin_lock.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr Boolean kWait = 1, kTry = 0;

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

bool on_another_thread(const std::function<bool()>& body) {
  bool answer = false;
  std::thread([&] {
    KeEnterCriticalRegion();
    answer = body();
    KeLeaveCriticalRegion();
  }).join();
  return answer;
}

class ResourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    KeEnterCriticalRegion();
    ExInitializeResourceLite(&resource_);
  }
  void TearDown() override {
    ExDeleteResourceLite(&resource_);
    KeLeaveCriticalRegion();
  }

  // Another thread asks for the resource exclusively, and is seen waiting.
  std::thread exclusive_waiter() {
    std::thread waiter([this] {
      KeEnterCriticalRegion();
      ExAcquireResourceExclusiveLite(&resource_, kWait);
      ExReleaseResourceLite(&resource_);
      KeLeaveCriticalRegion();
    });
    while (ExGetExclusiveWaiterCount(&resource_) == 0) std::this_thread::yield();
    return waiter;
  }

  // Whether another thread would get in at once.
  bool gets_in(Boolean NTAPI (*acquire)(Resource*, Boolean)) {
    return on_another_thread([&] {
      const bool in = acquire(&resource_, kTry);
      if (in) ExReleaseResourceLite(&resource_);
      return in;
    });
  }

  Resource resource_;
};

TEST_F(ResourceTest, SharedByOthersWithoutAWaiterLetsSharedIn) {
  ExAcquireResourceSharedLite(&resource_, kWait);
  EXPECT_TRUE(gets_in(ExAcquireResourceSharedLite));
  EXPECT_TRUE(gets_in(ExAcquireSharedStarveExclusive));
  EXPECT_TRUE(gets_in(ExAcquireSharedWaitForExclusive));
  EXPECT_FALSE(gets_in(ExAcquireResourceExclusiveLite));
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, BehindAnExclusiveWaiterOnlyStarvingGetsIn) {
  ExAcquireResourceSharedLite(&resource_, kWait);
  std::thread waiter = exclusive_waiter();
  EXPECT_FALSE(gets_in(ExAcquireResourceSharedLite));
  EXPECT_TRUE(gets_in(ExAcquireSharedStarveExclusive));
  EXPECT_FALSE(gets_in(ExAcquireSharedWaitForExclusive));
  ExReleaseResourceLite(&resource_);
  waiter.join();
}

TEST_F(ResourceTest, ASharedOwnerGetsInAgainPastAnExclusiveWaiter) {
  ExAcquireResourceSharedLite(&resource_, kWait);
  std::thread waiter = exclusive_waiter();
  EXPECT_TRUE(ExAcquireResourceSharedLite(&resource_, kTry));
  EXPECT_TRUE(ExAcquireSharedStarveExclusive(&resource_, kTry));
  EXPECT_FALSE(ExAcquireSharedWaitForExclusive(&resource_, kTry));
  EXPECT_FALSE(ExAcquireResourceExclusiveLite(&resource_, kTry));
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 3U);
  for (int i = 0; i < 3; ++i) ExReleaseResourceLite(&resource_);
  waiter.join();
}

TEST_F(ResourceTest, ExclusiveByAnotherKeepsAllOut) {
  ExAcquireResourceExclusiveLite(&resource_, kWait);
  EXPECT_FALSE(gets_in(ExAcquireResourceSharedLite));
  EXPECT_FALSE(gets_in(ExAcquireSharedStarveExclusive));
  EXPECT_FALSE(gets_in(ExAcquireSharedWaitForExclusive));
  EXPECT_FALSE(gets_in(ExAcquireResourceExclusiveLite));
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, SharedByTheExclusiveOwnerIsExclusiveRecursion) {
  ExAcquireResourceExclusiveLite(&resource_, kWait);
  ExAcquireResourceSharedLite(&resource_, kWait);
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 2U);
  EXPECT_TRUE(ExIsResourceAcquiredExclusiveLite(&resource_));
  ExReleaseResourceLite(&resource_);
  EXPECT_TRUE(ExIsResourceAcquiredExclusiveLite(&resource_));
  ExReleaseResourceLite(&resource_);
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 0U);
}

TEST_F(ResourceTest, ConvertingLetsSharedWaitersIn) {
  ExAcquireResourceExclusiveLite(&resource_, kWait);
  ExAcquireResourceExclusiveLite(&resource_, kWait);
  std::thread waiter([&] {
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&resource_, kWait);
    ExReleaseResourceLite(&resource_);
    KeLeaveCriticalRegion();
  });
  while (ExGetSharedWaiterCount(&resource_) == 0) std::this_thread::yield();
  ExConvertExclusiveToSharedLite(&resource_);
  waiter.join();
  EXPECT_FALSE(ExIsResourceAcquiredExclusiveLite(&resource_));
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 2U);
  ExReleaseResourceLite(&resource_);
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, ManySharedOwnersAreAllKnown) {
  std::atomic<int> in{0};
  std::atomic<bool> leave{false};
  std::vector<std::thread> owners;
  for (int i = 0; i < 10; ++i) {
    owners.emplace_back([&] {
      KeEnterCriticalRegion();
      ExAcquireResourceSharedLite(&resource_, kWait);
      ++in;
      while (!leave) std::this_thread::yield();
      EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 1U);
      ExReleaseResourceLite(&resource_);
      KeLeaveCriticalRegion();
    });
  }
  while (in < 10) std::this_thread::yield();
  EXPECT_FALSE(ExAcquireResourceExclusiveLite(&resource_, kTry));
  leave = true;
  for (std::thread& owner : owners) owner.join();
  EXPECT_TRUE(ExAcquireResourceExclusiveLite(&resource_, kTry));
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, AnOwnerPointerIsReleasedFromAnyThread) {
  ExAcquireResourceExclusiveLite(&resource_, kWait);
  const std::uint64_t owner = 0x7E00'0000'1003;
  ExSetResourceOwnerPointer(&resource_, reinterpret_cast<void*>(owner));
  EXPECT_FALSE(ExIsResourceAcquiredExclusiveLite(&resource_));
  std::thread([&] { ExReleaseResourceForThreadLite(&resource_, owner); }).join();
  EXPECT_TRUE(ExAcquireResourceExclusiveLite(&resource_, kTry));
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, MisuseIsABugCheck) {
  EXPECT_BUG_CHECK(ExReleaseResourceLite(&resource_), "RESOURCE_NOT_OWNED");
  EXPECT_BUG_CHECK(
      {
        ExAcquireResourceSharedLite(&resource_, kWait);
        ExAcquireResourceExclusiveLite(&resource_, kWait);
      },
      "would wait for itself");
  EXPECT_BUG_CHECK(
      {
        KeLeaveCriticalRegion();
        ExAcquireResourceSharedLite(&resource_, kWait);
      },
      "normal kernel APCs enabled");
  EXPECT_BUG_CHECK(ExInitializeResourceLite(&resource_), "in use already");
  Resource other;
  ExInitializeResourceLite(&other);
  ExDeleteResourceLite(&other);
  EXPECT_BUG_CHECK(ExDeleteResourceLite(&other), "was deleted");
}

TEST(ResourceMemory, MayNotGoBeforeTheResource) {
  EXPECT_BUG_CHECK(
      {
        void* const block = ExAllocatePoolWithTag(0, sizeof(Resource), pool_tag("Test"));
        ExInitializeResourceLite(static_cast<Resource*>(block));
        ExFreePool(block);
      },
      "freed memory with an ERESOURCE");
}

TEST(FastMutexTest, RaisesToApcLevelAndRestores) {
  FastMutex mutex;
  ExInitializeFastMutex(&mutex);
  ExAcquireFastMutex(&mutex);
  EXPECT_EQ(KeGetCurrentIrql(), kApcLevel);
  EXPECT_EQ(mutex.count, 0);
  EXPECT_FALSE(ExTryToAcquireFastMutex(&mutex)) << "not recursive";
  EXPECT_EQ(KeGetCurrentIrql(), kApcLevel);
  ExReleaseFastMutex(&mutex);
  EXPECT_EQ(KeGetCurrentIrql(), kPassiveLevel);
  EXPECT_EQ(mutex.count, 1);
  EXPECT_EQ(mutex.owner, nullptr);
}

TEST(FastMutexTest, KeepsOthersOut) {
  FastMutex mutex;
  ExInitializeFastMutex(&mutex);
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        ExAcquireFastMutex(&mutex);
        ++count;
        ExReleaseFastMutex(&mutex);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 8000U);
  EXPECT_EQ(mutex.count, 1);
}

TEST(PushLockTest, ReadersShareAndWritersDoNot) {
  PushLockWord lock = 0;
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      KeEnterCriticalRegion();
      for (int n = 0; n < 3000; ++n) {
        if ((n + i) % 3 == 0) {
          ExAcquirePushLockExclusiveEx(&lock, 0);
          ++count;
          ExReleasePushLockExclusiveEx(&lock, 0);
        } else {
          ExAcquirePushLockSharedEx(&lock, 0);
          EXPECT_LE(count, 4000U);
          ExReleasePushLockSharedEx(&lock, 0);
        }
      }
      KeLeaveCriticalRegion();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000U);
  EXPECT_EQ(lock, 0U) << "all zero when free";
}

TEST(PushLockTest, RecursionAndEnabledApcsAreBugChecks) {
  PushLockWord lock = 0;
  EXPECT_BUG_CHECK(ExAcquirePushLockSharedEx(&lock, 0), "normal kernel APCs enabled");
  EXPECT_BUG_CHECK(
      {
        KeEnterCriticalRegion();
        ExAcquirePushLockSharedEx(&lock, 0);
        ExAcquirePushLockSharedEx(&lock, 0);
      },
      "acquired by a thread that holds it");
}

TEST(Rundown, LetsNoneInOnceItBegan) {
  RundownRef ref;
  ExInitializeRundownProtection(&ref);
  EXPECT_TRUE(ExAcquireRundownProtection(&ref));
  EXPECT_EQ(ref, 2U);
  std::atomic<bool> over{false};
  std::thread waiter([&] {
    ExWaitForRundownProtectionRelease(&ref);
    over = true;
  });
  while (ExAcquireRundownProtection(&ref)) ExReleaseRundownProtection(&ref);
  EXPECT_FALSE(over);
  ExReleaseRundownProtection(&ref);
  waiter.join();
  EXPECT_FALSE(ExAcquireRundownProtection(&ref));
  ExWaitForRundownProtectionRelease(&ref);
  ExReInitializeRundownProtection(&ref);
  EXPECT_TRUE(ExAcquireRundownProtection(&ref));
  ExReleaseRundownProtection(&ref);
}

TEST(Rundown, ReleasingTooOftenIsABugCheck) {
  RundownRef ref = 0;
  EXPECT_BUG_CHECK(ExReleaseRundownProtection(&ref), "more often than acquired");
}

TEST(LockOrder, AnInversionIsReportedBeforeItDeadlocks) {
  KSpinLock a = 0, b = 0;
  const auto both = [](KSpinLock& first, KSpinLock& second) {
    SpinLockHolder one(&first);
    SpinLockHolder two(&second);
  };
  both(a, b);
  both(a, b);
  EXPECT_BUG_CHECK(both(b, a), "lock order inversion");
}

TEST(LockOrder, FreedMemoryIsForgotten) {
  const auto both = [](KSpinLock& first, KSpinLock& second) {
    SpinLockHolder one(&first);
    SpinLockHolder two(&second);
  };
  const auto allocate = [] {
    return static_cast<KSpinLock*>(ExAllocatePool2(0x40, sizeof(KSpinLock), pool_tag("Test")));
  };
  KSpinLock fixed = 0;
  KSpinLock* const gone = allocate();
  both(fixed, *gone);
  ExFreePool(gone);
  KSpinLock* again = allocate();
  while (again != gone) {  // until the quarantine lets the block go
    ExFreePool(again);
    again = allocate();
  }
  both(*again, fixed);  // another lock at the same address: no inversion
  ExFreePool(again);
}

}  // namespace
}  // namespace wdscope::host
