// SPDX-License-Identifier: MIT
#include "host/ke/dispatcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "host/ke/dpc.h"
#include "host/ke/irql.h"
#include "host/ke/raw_lock.h"
#include "host/ke/spin_lock.h"
#include "host/ke/thread.h"

namespace wdscope::host {
namespace {

constexpr std::int64_t kNow = 0;
constexpr Ulong kNotification = 0, kSynchronization = 1, kAll = 0, kAny = 1;

bool is_awaited(DispatcherHeader& header) {
  BitLock<std::uint8_t, 0x80> hold(header.type);
  return header.wait_list_head.flink != &header.wait_list_head;
}

void await_waiter(DispatcherHeader& header) {
  while (!is_awaited(header)) std::this_thread::yield();
}

TEST(Event, SettingReturnsTheRawStateBefore) {
  KEvent event;
  KeInitializeEvent(&event, kNotification, 0);
  EXPECT_EQ(KeSetEvent(&event, 0, 0), 0);
  EXPECT_EQ(KeSetEvent(&event, 0, 0), 1);
  event.header.signal_state = 0x55;
  EXPECT_EQ(KeSetEvent(&event, 0, 0), 0x55);
  EXPECT_EQ(KeResetEvent(&event), 1);
  EXPECT_EQ(KeResetEvent(&event), 0);
  EXPECT_EQ(KePulseEvent(&event, 0, 0), 0);
  EXPECT_EQ(KeReadStateEvent(&event), 0);
}

TEST(Event, ANotificationStaysSetAndASynchronizationIsConsumed) {
  KEvent notification, synchronization;
  KeInitializeEvent(&notification, kNotification, 1);
  KeInitializeEvent(&synchronization, kSynchronization, 1);
  EXPECT_EQ(KeWaitForSingleObject(&notification, 0, 0, 0, &kNow), kStatusSuccess);
  EXPECT_EQ(KeWaitForSingleObject(&notification, 0, 0, 0, &kNow), kStatusSuccess);
  EXPECT_EQ(KeWaitForSingleObject(&synchronization, 0, 0, 0, &kNow), kStatusSuccess);
  EXPECT_EQ(KeWaitForSingleObject(&synchronization, 0, 0, 0, &kNow), kStatusTimeout);
}

TEST(Event, OneSetReleasesOneSynchronizationWaiter) {
  KEvent event;
  KeInitializeEvent(&event, kSynchronization, 0);
  std::atomic<int> released{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      EXPECT_EQ(KeWaitForSingleObject(&event, 0, 0, 0, nullptr), kStatusSuccess);
      ++released;
    });
  }
  for (int i = 1; i <= 3; ++i) {
    await_waiter(event.header);
    KeSetEvent(&event, 0, 0);
    while (released < i) std::this_thread::yield();
    EXPECT_EQ(released, i);
  }
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(KeReadStateEvent(&event), 0);
}

TEST(Event, ARelativeTimeoutEnds) {
  KEvent event;
  KeInitializeEvent(&event, kNotification, 0);
  const std::int64_t soon = -10'000;
  EXPECT_EQ(KeWaitForSingleObject(&event, 0, 0, 0, &soon), kStatusTimeout);
  EXPECT_FALSE(is_awaited(event.header)) << "the waiter is off the list";
}

TEST(Waits, AnyTakesTheLowestSatisfiedAndOnlyThat) {
  KEvent a, b, c;
  KeInitializeEvent(&a, kSynchronization, 0);
  KeInitializeEvent(&b, kSynchronization, 1);
  KeInitializeEvent(&c, kSynchronization, 1);
  void* objects[] = {&a, &b, &c};
  EXPECT_EQ(KeWaitForMultipleObjects(3, objects, kAny, 0, 0, 0, nullptr, nullptr), 1);
  EXPECT_EQ(KeReadStateEvent(&b), 0);
  EXPECT_EQ(KeReadStateEvent(&c), 1);
}

TEST(Waits, AllConsumesAllOrNone) {
  KEvent a, b;
  KeInitializeEvent(&a, kSynchronization, 1);
  KeInitializeEvent(&b, kSynchronization, 0);
  void* objects[] = {&a, &b};
  EXPECT_EQ(KeWaitForMultipleObjects(2, objects, kAll, 0, 0, 0, &kNow, nullptr), kStatusTimeout);
  EXPECT_EQ(KeReadStateEvent(&a), 1) << "nothing was consumed";
  std::thread setter([&] {
    await_waiter(b.header);
    KeSetEvent(&b, 0, 0);
  });
  EXPECT_EQ(KeWaitForMultipleObjects(2, objects, kAll, 0, 0, 0, nullptr, nullptr), kStatusSuccess);
  setter.join();
  EXPECT_EQ(KeReadStateEvent(&a), 0);
  EXPECT_EQ(KeReadStateEvent(&b), 0);
}

TEST(Waits, ABlockedAnyIsReleasedByOneOfSeveralAtOnce) {
  for (int round = 0; round < 200; ++round) {
    KEvent a, b;
    KeInitializeEvent(&a, kSynchronization, 0);
    KeInitializeEvent(&b, kSynchronization, 0);
    void* objects[] = {&a, &b};
    std::thread first([&] { KeSetEvent(&a, 0, 0); });
    std::thread second([&] { KeSetEvent(&b, 0, 0); });
    const NtStatus status = KeWaitForMultipleObjects(2, objects, kAny, 0, 0, 0, nullptr, nullptr);
    first.join();
    second.join();
    EXPECT_EQ(KeReadStateEvent(&a) + KeReadStateEvent(&b), 1) << "exactly one was consumed";
    EXPECT_EQ(KeReadStateEvent(status == 0 ? &a : &b), 0);
  }
}

TEST(Mutex, RecursionCountsDownToZeroAndHoldsApcsBack) {
  KMutant mutex;
  KeInitializeMutex(&mutex, 0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(KeWaitForSingleObject(&mutex, 0, 0, 0, nullptr), kStatusSuccess);
  EXPECT_TRUE(KeAreApcsDisabled());
  for (int i = -9; i <= 0; ++i) EXPECT_EQ(KeReleaseMutex(&mutex, 0), i);
  EXPECT_FALSE(KeAreApcsDisabled());
}

TEST(Mutex, OnlyTheOwnerMayRelease) {
  KMutant mutex;
  KeInitializeMutex(&mutex, 0);
  EXPECT_EXIT(KeReleaseMutex(&mutex, 0), ::testing::ExitedWithCode(134), "does not own it");
}

TEST(Semaphore, CountsAndKeepsItsLimit) {
  KSemaphore semaphore;
  KeInitializeSemaphore(&semaphore, 1, 3);
  EXPECT_EQ(KeWaitForSingleObject(&semaphore, 0, 0, 0, &kNow), kStatusSuccess);
  EXPECT_EQ(KeWaitForSingleObject(&semaphore, 0, 0, 0, &kNow), kStatusTimeout);
  EXPECT_EQ(KeReleaseSemaphore(&semaphore, 0, 3, 0), 0);
  EXPECT_EXIT(KeReleaseSemaphore(&semaphore, 0, 1, 0), ::testing::ExitedWithCode(134), "over the limit");
}

TEST(Irql, WaitingAtDispatchIsABugCheckUnlessItOnlyTries) {
  KEvent event;
  KeInitializeEvent(&event, kNotification, 0);
  const Irql old = KfRaiseIrql(kDispatchLevel);
  EXPECT_EQ(KeWaitForSingleObject(&event, 0, 0, 0, &kNow), kStatusTimeout);
  EXPECT_EXIT(KeWaitForSingleObject(&event, 0, 0, 0, nullptr), ::testing::ExitedWithCode(134),
              "KeWaitForSingleObject was called at IRQL 2");
  KeLowerIrql(old);
}

TEST(Irql, LoweringUpwardsIsABugCheck) {
  EXPECT_EXIT(KeLowerIrql(kDispatchLevel), ::testing::ExitedWithCode(134), "lowering IRQL from 0 to 2");
}

TEST(CriticalRegion, NestsAndMustBeLeftAsOftenAsEntered) {
  KeEnterCriticalRegion();
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
  EXPECT_TRUE(KeAreApcsDisabled());
  KeLeaveCriticalRegion();
  EXPECT_FALSE(KeAreApcsDisabled());
  EXPECT_EXIT(KeLeaveCriticalRegion(), ::testing::ExitedWithCode(134), "without a KeEnterCriticalRegion");
}

TEST(SpinLock, RaisesAndRestoresIrql) {
  KSpinLock lock = 0;
  EXPECT_EQ(KeAcquireSpinLockRaiseToDpc(&lock), kPassiveLevel);
  EXPECT_EQ(KeGetCurrentIrql(), kDispatchLevel);
  KeReleaseSpinLock(&lock, kPassiveLevel);
  EXPECT_EQ(KeGetCurrentIrql(), kPassiveLevel);
  EXPECT_EQ(lock, 0U);
}

TEST(SpinLock, RecursionIsABugCheckAndNotAHang) {
  KSpinLock lock = 0;
  EXPECT_EXIT(
      {
        KeAcquireSpinLockRaiseToDpc(&lock);
        KeAcquireSpinLockRaiseToDpc(&lock);
      },
      ::testing::ExitedWithCode(134), "acquired by the thread that holds it");
}

TEST(SpinLock, KeepsOthersOut) {
  KSpinLock lock = 0;
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) {
        SpinLockHolder hold(&lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 20000U);
}

struct DpcRecord {
  KEvent done;
  Irql irql;
  void* argument;
};

void NTAPI record_dpc(KDpc*, void* context, void* argument1, void*) {
  auto* record = static_cast<DpcRecord*>(context);
  record->irql = KeGetCurrentIrql();
  record->argument = argument1;
  KeSetEvent(&record->done, 0, 0);
}

TEST(Dpc, RunsAtDispatchLevelWithItsArguments) {
  DpcRecord record{};
  KeInitializeEvent(&record.done, kNotification, 0);
  KDpc dpc;
  KeInitializeDpc(&dpc, record_dpc, &record);
  EXPECT_EQ(KeInsertQueueDpc(&dpc, &record, nullptr), 1);
  EXPECT_EQ(KeWaitForSingleObject(&record.done, 0, 0, 0, nullptr), kStatusSuccess);
  KeFlushQueuedDpcs();
  EXPECT_EQ(record.irql, kDispatchLevel);
  EXPECT_EQ(record.argument, &record);
}

TEST(Timer, SignalsAndQueuesItsDpc) {
  DpcRecord record{};
  KeInitializeEvent(&record.done, kNotification, 0);
  KDpc dpc;
  KeInitializeDpc(&dpc, record_dpc, &record);
  KTimer timer;
  KeInitializeTimer(&timer);
  EXPECT_EQ(KeSetTimer(&timer, -10'000, &dpc), 0);
  EXPECT_EQ(KeWaitForSingleObject(&timer, 0, 0, 0, nullptr), kStatusSuccess);
  EXPECT_EQ(KeWaitForSingleObject(&record.done, 0, 0, 0, nullptr), kStatusSuccess);
  KeFlushQueuedDpcs();
  EXPECT_EQ(KeCancelTimer(&timer), 0) << "it is no longer set";
}

TEST(Timer, ACancelledTimerIsNotSignalled) {
  KTimer timer;
  KeInitializeTimer(&timer);
  KeSetTimer(&timer, -36'000'000'000, nullptr);
  EXPECT_EQ(KeCancelTimer(&timer), 1);
  EXPECT_EQ(KeReadStateTimer(&timer), 0);
}

}  // namespace
}  // namespace wdscope::host
