// SPDX-License-Identifier: MIT
// A first attempt at Defender's process notifications, as one would have written it in 2019: it registers on the
// callback object, prints each process that is created, and goes from the parent's pid in the notification to the
// process context that lies beside it on WdFilter's stack.
//
// DO NOT LOAD THIS ON WINDOWS. The step in recover_context() held in 2019. In builds of 2025 the member is the parent's
// pid itself, and following it stops the machine. In the lab it shows both:
//   wdscope lab load first_attempt.sys --profile 1910
//   wdscope lab load first_attempt.sys --profile 25080
//
// Source of the structures: research ExecutiveCallbackObjects (2019); repeated here, as a newcomer would have them.
// driver/observer/ is how to do it safely.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#include <ntddk.h>

namespace {

constexpr ULONG kOperationCreate = 1;
constexpr ULONG kContextMagic = 0x00C0DA0F;  // size 0xC0, type 0xDA0F: the builds of late 2019
constexpr ULONG kTag = 'tAsF';
constexpr ULONG kMostPrinted = 256;  // UTF-16 units of a command line: DbgPrint carries 512 bytes

struct ProcessNotification {  // Argument1
  HANDLE ProcessId;
  HANDLE* ParentProcessId;  // 2019: where the parent's id is
  PUNICODE_STRING ImageName;
  ULONG OperationType;
  UCHAR Trusted;
};

struct ProcessContext {
  ULONG Magic;
  LIST_ENTRY Links;
  HANDLE ProcessId;
  LARGE_INTEGER CreateTime;
  PUNICODE_STRING CommandLine;
};
static_assert(FIELD_OFFSET(ProcessContext, ProcessId) == 0x18 && FIELD_OFFSET(ProcessContext, CommandLine) == 0x28);

// The context pointer and the parent's id are neighbours in WdFilter's frame.
struct NotifierFrame {
  ProcessContext* Context;
  HANDLE ParentProcessId;
};

struct State {
  PCALLBACK_OBJECT object;
  PVOID registration;
  KSPIN_LOCK lock;  // guards the count
  ULONG created;
};
State* state;

__attribute__((noinline)) ProcessContext* recover_context(HANDLE* parent) {
  return CONTAINING_RECORD(parent, NotifierFrame, ParentProcessId)->Context;
}

void print_context(const ProcessContext* context) {
  if (context->Magic != kContextMagic) {
    DbgPrint("no context: magic %08lX\n", context->Magic);
    return;
  }
  UNICODE_STRING line{};
  if (context->CommandLine) line = *context->CommandLine;
  if (line.Length > kMostPrinted * sizeof(WCHAR)) line.Length = kMostPrinted * sizeof(WCHAR);
  DbgPrint("  context of %Iu created %I64u: %wZ\n", reinterpret_cast<ULONG_PTR>(context->ProcessId),
           context->CreateTime.QuadPart, &line);
}

void NTAPI on_notification(PVOID, PVOID argument1, PVOID) {
  const auto* notification = static_cast<const ProcessNotification*>(argument1);
  if (notification->OperationType != kOperationCreate) return;

  KIRQL irql;
  KeAcquireSpinLock(&state->lock, &irql);
  const ULONG number = ++state->created;
  KeReleaseSpinLock(&state->lock, irql);

  DbgPrint("create %lu: process %Iu, %wZ\n", number, reinterpret_cast<ULONG_PTR>(notification->ProcessId),
           notification->ImageName);
  const ProcessContext* context = recover_context(notification->ParentProcessId);
  DbgPrint("  parent %Iu\n", reinterpret_cast<ULONG_PTR>(*notification->ParentProcessId));
  print_context(context);
}

VOID NTAPI on_unload(PDRIVER_OBJECT) {
  ExUnregisterCallback(state->registration);
  ObDereferenceObject(state->object);
  DbgPrint("%lu processes created\n", state->created);
  ExFreePoolWithTag(state, kTag);
}

}  // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  UNICODE_STRING name;
  RtlInitUnicodeString(&name, L"\\Callback\\WdProcessNotificationCallback");
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, nullptr, nullptr);

  state = static_cast<State*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(State), kTag));
  if (!state) return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(state, sizeof(State));
  KeInitializeSpinLock(&state->lock);
  NTSTATUS status = ExCreateCallback(&state->object, &attributes, FALSE, TRUE);
  if (NT_SUCCESS(status)) {
    state->registration = ExRegisterCallback(state->object, on_notification, nullptr);
    if (state->registration) {
      driver->DriverUnload = on_unload;
      return STATUS_SUCCESS;
    }
    ObDereferenceObject(state->object);
    status = STATUS_UNSUCCESSFUL;
  }
  DbgPrint("no WdProcessNotificationCallback here: %08lX\n", status);
  ExFreePoolWithTag(state, kTag);
  return status;
}
