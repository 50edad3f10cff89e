// SPDX-License-Identifier: MIT
#include "host/ke/system_thread.h"

#include <atomic>

#include "host/ex/fast_mutex.h"
#include "host/ex/resource.h"
#include "host/ke/dispatcher.h"
#include "host/ke/irql.h"
#include "host/ob/handle.h"
#include "host/ps/process.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

constexpr std::int64_t kAtOnce = 0;

struct ThreadClient {
  Handle process, thread;
};

// Starts a system thread and returns its object, with a reference; null: refused.
Thread* start_thread(ThreadStart start, void* context, ThreadClient* client = nullptr) {
  Handle handle = 0;
  EXPECT_EQ(PsCreateSystemThread(&handle, 0x1F03FF, nullptr, 0, client, start, context), kStatusSuccess);
  void* thread = nullptr;
  EXPECT_EQ(ObReferenceObjectByHandle(handle, 0x100000, &thread_type, ProcessorMode::Kernel, &thread, nullptr),
            kStatusSuccess);
  EXPECT_EQ(ZwClose(handle), kStatusSuccess);
  return static_cast<Thread*>(thread);
}

NtStatus wait_for_end(Thread* thread, const std::int64_t* timeout = nullptr) {
  return KeWaitForSingleObject(thread, 0, 0, 0, timeout);
}

void run_to_end(ThreadStart start, void* context) {
  Thread* const thread = start_thread(start, context);
  EXPECT_EQ(wait_for_end(thread), kStatusSuccess);
  ObfDereferenceObject(thread);
}

class SystemThreadTest : public testing::MachineTest {
 protected:
  void SetUp() override { boot(); }
};

struct Surroundings {
  std::uint64_t process_id, thread_id;
  Irql irql;
  bool apcs_disabled, takes_a_resource;
};

void NTAPI look_around(void* context) {
  auto* seen = static_cast<Surroundings*>(context);
  const Thread& thread = current_thread();
  seen->process_id = thread.process->process_id;
  seen->thread_id = thread.thread_id;
  seen->irql = KeGetCurrentIrql();
  seen->apcs_disabled = KeAreApcsDisabled();
  Resource resource;
  ExInitializeResourceLite(&resource);
  seen->takes_a_resource = ExAcquireResourceExclusiveLite(&resource, 1);
  ExReleaseResourceLite(&resource);
  ExDeleteResourceLite(&resource);
}

TEST_F(SystemThreadTest, RunsInTheSystemProcessWhoeverMadeIt) {
  ProcessStart start;
  start.process_id = 1000;
  ASSERT_EQ(machine_->start_process(start), kStatusSuccess);
  Surroundings seen{};
  ThreadClient client{};
  machine_->run_in_process(1000, [&] {
    Thread* const thread = start_thread(look_around, &seen, &client);
    EXPECT_EQ(wait_for_end(thread), kStatusSuccess);
    ObfDereferenceObject(thread);
  });
  EXPECT_EQ(seen.process_id, 4U);
  EXPECT_EQ(seen.irql, kPassiveLevel);
  EXPECT_FALSE(seen.apcs_disabled);
  EXPECT_TRUE(seen.takes_a_resource) << "no user can suspend it: an ERESOURCE needs no critical region";
  EXPECT_EQ(client.process, 4U);
  EXPECT_EQ(client.thread, seen.thread_id);
}

void NTAPI wait_for_event(void* context) {
  KeWaitForSingleObject(context, 0, 0, 0, nullptr);
}

TEST_F(SystemThreadTest, ItsObjectIsSignalledWhenItEndsAndStaysSo) {
  KEvent event;
  KeInitializeEvent(&event, 0, 0);
  Thread* const thread = start_thread(wait_for_event, &event);
  EXPECT_EQ(wait_for_end(thread, &kAtOnce), kStatusTimeout);
  KeSetEvent(&event, 0, 0);
  EXPECT_EQ(wait_for_end(thread), kStatusSuccess);
  EXPECT_EQ(wait_for_end(thread, &kAtOnce), kStatusSuccess);
  ObfDereferenceObject(thread);
}

TEST_F(SystemThreadTest, CanBeWaitedForTogetherWithAnEvent) {
  KEvent event;
  KeInitializeEvent(&event, 0, 0);
  Thread* const thread = start_thread(wait_for_event, &event);
  void* objects[] = {&event, thread};
  KeSetEvent(&event, 0, 0);
  EXPECT_EQ(KeWaitForMultipleObjects(2, objects, 0, 0, 0, 0, nullptr, nullptr), kStatusSuccess);
  ObfDereferenceObject(thread);
}

struct Steps {
  std::atomic<bool> before{false}, after{false};
};

[[gnu::noinline]] void NTAPI terminate_inside(Steps* steps) {
  steps->before = true;
  PsTerminateSystemThread(kStatusSuccess);
  steps->after = true;
}

void NTAPI terminate(void* context) {
  terminate_inside(static_cast<Steps*>(context));
  static_cast<Steps*>(context)->after = true;
}

TEST_F(SystemThreadTest, TerminatesFromWithinAnyDepthOfCalls) {
  Steps steps;
  run_to_end(terminate, &steps);
  EXPECT_TRUE(steps.before);
  EXPECT_FALSE(steps.after);
}

TEST_F(SystemThreadTest, OnlyASystemThreadTerminatesItself) {
  EXPECT_EQ(PsTerminateSystemThread(kStatusSuccess), kStatusInvalidParameter);
}

TEST_F(SystemThreadTest, LivesInNoOtherProcess) {
  ProcessStart start;
  start.process_id = 1000;
  ASSERT_EQ(machine_->start_process(start), kStatusSuccess);
  Process* const process = find_process(1000);
  ASSERT_NE(process, nullptr);
  Handle in = 0, handle = 0;
  ASSERT_EQ(ObOpenObjectByPointer(process, 0x200, nullptr, 0x1FFFFF, nullptr, ProcessorMode::Kernel, &in),
            kStatusSuccess);
  EXPECT_EQ(PsCreateSystemThread(&handle, 0x1F03FF, nullptr, in, nullptr, wait_for_event, nullptr),
            kStatusNotSupported);
  EXPECT_EQ(handle, 0U);
  ZwClose(in);
  ObfDereferenceObject(process);
}

class SystemThreadDeathTest : public SystemThreadTest {
 protected:
  void SetUp() override {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    boot();
  }
};

#define EXPECT_BUG_CHECK(statement, words) EXPECT_EXIT(statement, ::testing::ExitedWithCode(134), words)

void NTAPI return_raised(void*) {
  KfRaiseIrql(kApcLevel);
}
void NTAPI terminate_raised(void*) {
  KfRaiseIrql(kDispatchLevel);
  PsTerminateSystemThread(kStatusSuccess);
}
void NTAPI terminate_in_critical_region(void*) {
  KeEnterCriticalRegion();
  PsTerminateSystemThread(kStatusSuccess);
}
void NTAPI return_with_guarded_mutex(void* mutex) {
  KeInitializeGuardedMutex(static_cast<FastMutex*>(mutex));
  KeAcquireGuardedMutex(static_cast<FastMutex*>(mutex));
}

TEST_F(SystemThreadDeathTest, MakingOneAbovePassiveLevelIsABugCheck) {
  EXPECT_BUG_CHECK(
      {
        KfRaiseIrql(kApcLevel);
        start_thread(wait_for_event, nullptr);
      },
      "PsCreateSystemThread was called at IRQL 1");
}

TEST_F(SystemThreadDeathTest, EndingAtAnotherIrqlIsABugCheck) {
  EXPECT_BUG_CHECK(run_to_end(return_raised, nullptr), "start routine was entered at IRQL 0 and returned at IRQL 1");
  EXPECT_BUG_CHECK(run_to_end(terminate_raised, nullptr), "PsTerminateSystemThread was called at IRQL 2");
}

TEST_F(SystemThreadDeathTest, EndingInACriticalRegionIsABugCheck) {
  EXPECT_BUG_CHECK(run_to_end(terminate_in_critical_region, nullptr), "0x1 .*\n.*left a critical or guarded region");
}

TEST_F(SystemThreadDeathTest, EndingWithALockIsABugCheck) {
  FastMutex mutex;
  EXPECT_BUG_CHECK(run_to_end(return_with_guarded_mutex, &mutex), "start routine returned holding locks: fast mutex");
}

}  // namespace
}  // namespace wdscope::host
