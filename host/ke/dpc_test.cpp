// SPDX-License-Identifier: MIT
// What KeFlushQueuedDpcs promises, and what a DPC may and may not do.
#include "host/ke/dpc.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "host/ex/pool_routines.h"
#include "host/ke/irql.h"
#include "host/ke/spin_lock.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

// A DPC that is seen to have begun, and goes on when it is let.
struct Gate {
  KDpc dpc;
  std::atomic<bool> begun{false}, open{false}, passed{false};

  Gate() { KeInitializeDpc(&dpc, pass, this); }
  void await_begin() {
    while (!begun) std::this_thread::yield();
  }

  static void NTAPI pass(KDpc*, void* context, void*, void*) {
    auto* gate = static_cast<Gate*>(context);
    gate->begun = true;
    while (!gate->open) std::this_thread::yield();
    gate->passed = true;
  }
};

struct Counted {
  KDpc dpc;
  int runs = 0;
  void* argument1 = nullptr;
  KDpc* next = nullptr;  // which this one queues

  Counted() { KeInitializeDpc(&dpc, run, this); }

  static void NTAPI run(KDpc*, void* context, void* argument1, void*) {
    auto* counted = static_cast<Counted*>(context);
    ++counted->runs;
    counted->argument1 = argument1;
    if (counted->next) KeInsertQueueDpc(counted->next, nullptr, nullptr);
  }
};

TEST(FlushQueuedDpcs, WaitsForTheOneThatRuns) {
  Gate gate;
  std::atomic<bool> flushing{false};
  KeInsertQueueDpc(&gate.dpc, nullptr, nullptr);
  gate.await_begin();
  std::thread opener([&] {
    while (!flushing) std::this_thread::yield();
    gate.open = true;
  });
  flushing = true;
  KeFlushQueuedDpcs();
  EXPECT_TRUE(gate.passed);
  opener.join();
}

TEST(FlushQueuedDpcs, WaitsForAllThatAreQueuedAndForWhatTheyQueue) {
  Gate gate;
  Counted first, second, last;
  second.next = &last.dpc;
  KeInsertQueueDpc(&gate.dpc, nullptr, nullptr);
  gate.await_begin();
  KeInsertQueueDpc(&first.dpc, nullptr, nullptr);
  KeInsertQueueDpc(&second.dpc, nullptr, nullptr);
  gate.open = true;
  KeFlushQueuedDpcs();
  EXPECT_EQ(first.runs, 1);
  EXPECT_EQ(second.runs, 1);
  EXPECT_EQ(last.runs, 1);
}

TEST(FlushQueuedDpcs, ReturnsAtOnceWhenThereIsNothing) {
  KeFlushQueuedDpcs();
  KeFlushQueuedDpcs();
}

TEST(QueuedDpc, StandsInTheQueueOnceWithItsFirstArguments) {
  Gate gate;
  Counted counted;
  KeInsertQueueDpc(&gate.dpc, nullptr, nullptr);
  gate.await_begin();
  EXPECT_EQ(KeInsertQueueDpc(&counted.dpc, &gate, nullptr), 1);
  EXPECT_EQ(KeInsertQueueDpc(&counted.dpc, &counted, nullptr), 0);
  gate.open = true;
  KeFlushQueuedDpcs();
  EXPECT_EQ(counted.runs, 1);
  EXPECT_EQ(counted.argument1, &gate);
}

TEST(QueuedDpc, OnceRemovedDoesNotRun) {
  Gate gate;
  Counted counted;
  KeInsertQueueDpc(&gate.dpc, nullptr, nullptr);
  gate.await_begin();
  KeInsertQueueDpc(&counted.dpc, nullptr, nullptr);
  EXPECT_EQ(KeRemoveQueueDpc(&counted.dpc), 1);
  EXPECT_EQ(KeRemoveQueueDpc(&counted.dpc), 0);
  gate.open = true;
  KeFlushQueuedDpcs();
  EXPECT_EQ(counted.runs, 0);
}

void NTAPI free_itself(KDpc* dpc, void* context, void*, void*) {
  ExFreePool(dpc);
  *static_cast<bool*>(context) = true;
}

TEST(QueuedDpc, MayFreeItself) {
  bool freed = false;
  auto* const dpc = static_cast<KDpc*>(ExAllocatePool2(0x40, sizeof(KDpc), pool_tag("Test")));
  ASSERT_NE(dpc, nullptr);
  KeInitializeDpc(dpc, free_itself, &freed);
  KeInsertQueueDpc(dpc, nullptr, nullptr);
  KeFlushQueuedDpcs();
  EXPECT_TRUE(freed);
}

// Each in a process of its own: a child that is only forked has no thread that runs DPCs.
class DpcDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  static void run(DeferredRoutine routine) {
    static KDpc dpc;
    KeInitializeDpc(&dpc, routine, nullptr);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
  }
};

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

void NTAPI flush_inside(KDpc*, void*, void*, void*) {
  KeFlushQueuedDpcs();
}
void NTAPI return_lowered(KDpc*, void*, void*, void*) {
  KeLowerIrql(kPassiveLevel);
}
void NTAPI return_with_lock(KDpc*, void*, void*, void*) {
  static KSpinLock lock;
  KeAcquireSpinLockRaiseToDpc(&lock);
}

TEST_F(DpcDeathTest, FlushingAbovePassiveLevelIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kApcLevel);
        KeFlushQueuedDpcs();
      },
      "KeFlushQueuedDpcs was called at IRQL 1");
}

TEST_F(DpcDeathTest, FlushingInsideADpcIsABugCheckAndNotAHang) {
  EXPECT_BUG_CHECK(run(flush_inside), "KeFlushQueuedDpcs was called at IRQL 2");
}

TEST_F(DpcDeathTest, ReturningAtAnotherIrqlIsABugCheck) {
  EXPECT_BUG_CHECK(run(return_lowered), "a DPC routine was entered at IRQL 2 and returned at IRQL 0");
}

TEST_F(DpcDeathTest, ReturningWithALockIsABugCheck) {
  EXPECT_BUG_CHECK(run(return_with_lock), "a DPC routine returned holding locks: spin lock 0x");
}

}  // namespace
}  // namespace wdscope::host
