// SPDX-License-Identifier: MIT
#include "host/ex/callback.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/ob/object.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

UnicodeString string_of(std::u16string& text) {
  const auto length = static_cast<std::uint16_t>(text.size() * 2);
  return {length, length, text.data()};
}

class CallbackTest : public testing::MachineTest {
 protected:
  void SetUp() override { boot(); }

  struct Outcome {
    NtStatus status;
    CallbackObject* object;
  };
  enum class Create : Boolean { No, Yes };
  enum class Multiple : Boolean { No, Yes };

  static Outcome create(std::u16string name, Ulong attributes = kObjPermanent | kObjCaseInsensitive,
                        Create create = Create::Yes, Multiple multiple = Multiple::Yes) {
    UnicodeString text = string_of(name);
    const ObjectAttributes object_attributes{sizeof(ObjectAttributes), 0, &text, attributes, nullptr, nullptr};
    CallbackObject* object = nullptr;
    const NtStatus status =
        ExCreateCallback(&object, &object_attributes, static_cast<Boolean>(create), static_cast<Boolean>(multiple));
    return {status, object};
  }
  static NtStatus open(std::u16string name) {
    const Outcome opened = create(std::move(name), kObjCaseInsensitive, Create::No);
    if (opened.object) dereference_object(opened.object);
    return opened.status;
  }
};

struct Log {
  std::vector<int> calls;
};
Log* log_of(void* context) {
  return static_cast<Log*>(context);
}

void NTAPI note(void* context, void* argument1, void*) {
  log_of(context)->calls.push_back(static_cast<int>(reinterpret_cast<std::intptr_t>(argument1)));
}

TEST_F(CallbackTest, APermanentObjectIsFoundByNameWhateverItsCase) {
  const Outcome made = create(u"\\Callback\\Test");
  ASSERT_EQ(made.status, kStatusSuccess);
  EXPECT_EQ(open(u"\\callback\\TEST"), kStatusSuccess);
  dereference_object(made.object);
  EXPECT_EQ(open(u"\\Callback\\Test"), kStatusSuccess) << "the name keeps it";
}

TEST_F(CallbackTest, AnObjectThatIsNotPermanentIsNamelessWhenItsCreatorGetsIt) {
  const Outcome made = create(u"\\Callback\\Brief", kObjCaseInsensitive);
  ASSERT_EQ(made.status, kStatusSuccess);
  EXPECT_EQ(open(u"\\Callback\\Brief"), kStatusObjectNameNotFound);
  const Outcome second = create(u"\\Callback\\Brief", kObjCaseInsensitive);
  EXPECT_NE(second.object, made.object);
  dereference_object(made.object);
  dereference_object(second.object);
}

TEST_F(CallbackTest, NamesThatAreNoNamesAreRefusedAsWindowsDoes) {
  EXPECT_EQ(open(u"\\Callback\\Missing"), kStatusObjectNameNotFound);
  EXPECT_EQ(create(u"\\Nowhere\\Test").status, kStatusObjectPathNotFound);
  EXPECT_EQ(create(u"Test").status, kStatusObjectPathSyntaxBad);
  EXPECT_EQ(create(u"\\Callback\\").status, kStatusObjectNameInvalid);
  EXPECT_EQ(create(u"\\Callback\\New\\").status, kStatusObjectNameInvalid);
  EXPECT_EQ(create(u"").status, kStatusUnsuccessful);
  EXPECT_EQ(create(u"\\Callback\\X", kObjOpenLink).status, kStatusInvalidParameter);
  EXPECT_EQ(create(u"\\Callback\\X", 0x10000).status, kStatusInvalidParameter);
}

TEST_F(CallbackTest, ANameOfAnotherTypeCollides) {
  EXPECT_EQ(open(u"\\Device"), kStatusObjectTypeMismatch);
  EXPECT_EQ(create(u"\\Device", kObjPermanent).status, kStatusObjectNameCollision);
  EXPECT_EQ(create(u"\\Device", kObjPermanent | kObjOpenIf).status, kStatusObjectTypeMismatch);
}

TEST_F(CallbackTest, AnExistingObjectKeepsItsOwnSetting) {
  const Outcome single = create(u"\\Callback\\Single", kObjPermanent, Create::Yes, Multiple::No);
  const Outcome again = create(u"\\Callback\\Single", kObjPermanent, Create::Yes, Multiple::Yes);
  EXPECT_EQ(single.object, again.object);
  Log log;
  CallbackRegistration* first = ExRegisterCallback(single.object, note, &log);
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(ExRegisterCallback(single.object, note, &log), nullptr);
  ExUnregisterCallback(first);
  CallbackRegistration* next = ExRegisterCallback(single.object, note, &log);
  EXPECT_NE(next, nullptr);
  ExUnregisterCallback(next);
  dereference_object(single.object);
  dereference_object(again.object);
}

TEST_F(CallbackTest, WindowsOwnObjectsAreThere) {
  for (const char16_t* name : {u"\\Callback\\SetSystemTime", u"\\Callback\\SetSystemState", u"\\Callback\\PowerState",
                               u"\\Callback\\ProcessorAdd"})
    EXPECT_EQ(open(name), kStatusSuccess);
}

TEST_F(CallbackTest, RegistrationsAreCalledInOrderWithTheirArguments) {
  const Outcome made = create(u"\\Callback\\Test");
  Log log;
  CallbackRegistration* a = ExRegisterCallback(made.object, note, &log);
  CallbackRegistration* b = ExRegisterCallback(
      made.object, [](void* context, void*, void* second) NTAPI { note(context, second, nullptr); }, &log);
  ExNotifyCallback(made.object, reinterpret_cast<void*>(1), reinterpret_cast<void*>(2));
  EXPECT_EQ(log.calls, (std::vector{1, 2}));
  ExUnregisterCallback(a);
  ExNotifyCallback(made.object, reinterpret_cast<void*>(1), reinterpret_cast<void*>(2));
  EXPECT_EQ(log.calls, (std::vector{1, 2, 2}));
  ExUnregisterCallback(b);
  ExNotifyCallback(nullptr, nullptr, nullptr);
  dereference_object(made.object);
}

struct Chain {
  CallbackObject* object;
  CallbackRegistration* added = nullptr;
  CallbackRegistration* victim = nullptr;
  int calls = 0, late_calls = 0, victim_calls = 0;
};

TEST_F(CallbackTest, ARegistrationAddedDuringAPassIsCalledInIt) {
  Chain chain{create(u"\\Callback\\Test").object};
  CallbackRegistration* first = ExRegisterCallback(
      chain.object,
      [](void* context, void*, void*) NTAPI {
        auto* own = static_cast<Chain*>(context);
        if (own->calls++ == 0)
          own->added = ExRegisterCallback(
              own->object, [](void* late, void*, void*) NTAPI { ++static_cast<Chain*>(late)->late_calls; }, own);
      },
      &chain);
  ExNotifyCallback(chain.object, nullptr, nullptr);
  EXPECT_EQ(chain.late_calls, 1);
  ExUnregisterCallback(first);
  ExUnregisterCallback(chain.added);
  dereference_object(chain.object);
}

TEST_F(CallbackTest, ACallbackMayUnregisterAnotherWhichIsThenNotCalled) {
  Chain chain{create(u"\\Callback\\Test").object};
  CallbackRegistration* first = ExRegisterCallback(
      chain.object,
      [](void* context, void*, void*) NTAPI { ExUnregisterCallback(static_cast<Chain*>(context)->victim); }, &chain);
  chain.victim = ExRegisterCallback(
      chain.object, [](void* context, void*, void*) NTAPI { ++static_cast<Chain*>(context)->victim_calls; }, &chain);
  ExNotifyCallback(chain.object, nullptr, nullptr);
  EXPECT_EQ(chain.victim_calls, 0);
  ExUnregisterCallback(first);
  dereference_object(chain.object);
}

TEST_F(CallbackTest, NotificationsNest) {
  Chain chain{create(u"\\Callback\\Test").object};
  CallbackRegistration* own = ExRegisterCallback(
      chain.object,
      [](void* context, void*, void*) NTAPI {
        auto* nested = static_cast<Chain*>(context);
        if (++nested->calls < 3) ExNotifyCallback(nested->object, nullptr, nullptr);
      },
      &chain);
  ExNotifyCallback(chain.object, nullptr, nullptr);
  EXPECT_EQ(chain.calls, 3);
  ExUnregisterCallback(own);
  dereference_object(chain.object);
}

TEST_F(CallbackTest, UnregisteringWaitsForARunningCall) {
  struct Gate {
    std::latch inside{1}, leave{1};
    std::atomic<bool> left{false};
  } gate;
  CallbackObject* object = create(u"\\Callback\\Test").object;
  CallbackRegistration* own = ExRegisterCallback(
      object,
      [](void* context, void*, void*) NTAPI {
        auto* held = static_cast<Gate*>(context);
        held->inside.count_down();
        held->leave.wait();
        held->left = true;
      },
      &gate);
  std::thread notifier([&] { ExNotifyCallback(object, nullptr, nullptr); });
  gate.inside.wait();
  std::thread unregisterer([&] {
    ExUnregisterCallback(own);
    EXPECT_TRUE(gate.left);
  });
  gate.leave.count_down();
  notifier.join();
  unregisterer.join();
  dereference_object(object);
}

TEST_F(CallbackTest, ManyThreadsNotifyWhileOthersComeAndGo) {
  CallbackObject* object = create(u"\\Callback\\Test").object;
  std::atomic<int> calls{0};
  const CallbackFunction count = [](void* context, void*, void*) NTAPI {
    static_cast<std::atomic<int>*>(context)->fetch_add(1, std::memory_order_relaxed);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5'000; ++n) ExNotifyCallback(object, nullptr, nullptr);
    });
    threads.emplace_back([&] {
      for (int n = 0; n < 2'000; ++n) {
        CallbackRegistration* registration = ExRegisterCallback(object, count, &calls);
        ExNotifyCallback(object, nullptr, nullptr);
        ExUnregisterCallback(registration);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(calls, 4'000);
  dereference_object(object);
}

TEST_F(CallbackTest, APermanentObjectGoesWhenItIsMadeTemporaryAndItsHandleCloses) {
  const Outcome made = create(u"\\Callback\\Test");
  Handle handle = 0;
  ASSERT_EQ(
      ObOpenObjectByPointer(made.object, kObjKernelHandle, nullptr, kDelete, nullptr, ProcessorMode::Kernel, &handle),
      kStatusSuccess);
  EXPECT_EQ(ZwMakeTemporaryObject(handle), kStatusSuccess);
  EXPECT_EQ(ZwMakeTemporaryObject(handle), kStatusSuccess);
  dereference_object(made.object);
  EXPECT_EQ(open(u"\\Callback\\Test"), kStatusSuccess);
  EXPECT_EQ(ZwClose(handle), kStatusSuccess);
  EXPECT_EQ(open(u"\\Callback\\Test"), kStatusObjectNameNotFound);
}

using CallbackDeathTest = CallbackTest;

TEST_F(CallbackDeathTest, UnregisteringTwiceIsABugCheck) {
  CallbackObject* object = create(u"\\Callback\\Test").object;
  Log log;
  CallbackRegistration* registration = ExRegisterCallback(object, note, &log);
  ExUnregisterCallback(registration);
  EXPECT_DEATH(ExUnregisterCallback(registration), "");
}

}  // namespace
}  // namespace wdscope::host
