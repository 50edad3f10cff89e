// SPDX-License-Identifier: MIT
#include "notifier/handler.h"

#include "notifier/conformance.h"
#include "notifier/kernel_handle.h"
#include "notifier/process_context_list.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;

namespace {

constexpr ULONG_PTR kEarly = 2000;  // adopted by the story that loads this driver
// How long an exit that does not wait would have to be noticed: too short a time can only hide a fault.
constexpr LONGLONG kShortWhile100ns = -200'000;

// The exit of a process, on a thread of its own.
struct Exit {
  KEVENT begun;
  KEVENT done;
  PEPROCESS process;

  static VOID NTAPI run(PVOID context) {
    auto* const self = static_cast<Exit*>(context);
    KeSetEvent(&self->begun, IO_NO_INCREMENT, FALSE);
    MpHandleProcessNotification({.process = self->process, .process_id = as_id(kEarly), .kind = ProcessEvent::Exit});
    KeSetEvent(&self->done, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
  }
};

}  // namespace

CONFORMANCE("C.8", "MpHandleProcessNotification", kEveryProfile, "an exit waits while a snapshot is being taken") {
  KERNEL_NEEDS(test::has_process(kEarly), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  ProcessReference process;
  KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(kEarly), process.put())));
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(
      MpCreateProcessContext(as_id(kEarly), PsGetProcessCreateTimeQuadPart(process.get()), nullptr, context.put())));

  KeClearEvent(enumeration_done());  // as an enumeration does that has just begun
  Exit exit;
  exit.process = process.get();
  KeInitializeEvent(&exit.begun, NotificationEvent, FALSE);
  KeInitializeEvent(&exit.done, NotificationEvent, FALSE);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
  HANDLE handle = nullptr;
  KERNEL_REQUIRE(
      NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, nullptr, nullptr, Exit::run, &exit)));
  PVOID thread = nullptr;
  KERNEL_CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, nullptr, KernelMode, &thread, nullptr)));
  ZwClose(handle);
  KeWaitForSingleObject(&exit.begun, Executive, KernelMode, FALSE, nullptr);
  LARGE_INTEGER short_while;
  short_while.QuadPart = kShortWhile100ns;
  KERNEL_CHECK_EQUAL(KeWaitForSingleObject(&exit.done, Executive, KernelMode, FALSE, &short_while), STATUS_TIMEOUT);
  KERNEL_CHECK_EQUAL(recorder.count(), 0u);

  KeSetEvent(enumeration_done(), IO_NO_INCREMENT, FALSE);
  KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, nullptr);
  ObDereferenceObject(thread);
  KERNEL_CHECK_EQUAL(recorder.count(), 1u);
  KERNEL_CHECK_EQUAL(recorder[0].info.OperationType, 2u);
  KERNEL_CHECK_EQUAL(context->ProcessFlags & 0x2000, 0x2000u);
}

CONFORMANCE("C.8", "MpHandleProcessNotification", kEveryProfile,
            "the exit of a process without a context is not notified") {
  KERNEL_NEEDS(test::has_process(kEarly), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  ProcessReference process;
  KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(kEarly), process.put())));
  MpHandleProcessNotification({.process = process.get(), .process_id = as_id(kEarly), .kind = ProcessEvent::Exit});
  KERNEL_CHECK_EQUAL(recorder.count(), 0u);
}

CONFORMANCE("C.8", "MpHandleProcessNotification", kEveryProfile,
            "a System context from before there was a time gets its creation time, once") {
  KERNEL_NEEDS(test::has_process(kEarly), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ProcessReference process;
  KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(kEarly), process.put())));
  const ProcessEventFacts unknown = {.process = process.get(), .process_id = as_id(kEarly), .kind = ProcessEvent::Exit};
  MP_PROCESS_CONTEXT* const system = test::insert_context(4, 0);
  KERNEL_REQUIRE(system);
  MpSystemTimeFixed = false;
  MpHandleProcessNotification(unknown);
  KERNEL_CHECK_EQUAL(system->CreateTime, PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess));
  system->CreateTime = 0;
  MpHandleProcessNotification(unknown);
  KERNEL_CHECK_EQUAL(system->CreateTime, 0);
  MpReleaseProcessContext(system);
}
