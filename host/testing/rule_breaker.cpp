// SPDX-License-Identifier: MIT
// A driver that breaks one rule of the executive, chosen by the registry value "Rule". Numbers: rule_breaker_rules.h.
#include "driver.h"
#include "rule_breaker_rules.h"

namespace {

using rule_breaker::Rule;

constexpr ULONG kTag = 0x6B657242;  // "Brek"
constexpr ULONG kBlockSize = 61;

Rule rule;
PDEVICE_OBJECT device;
PCALLBACK_OBJECT callback;
PVOID registration;
KSPIN_LOCK lock;
KEVENT never;
KTIMER timer;
KGUARDED_MUTEX mutex;
LOOKASIDE_LIST_EX lookaside;
volatile LONG arrived, turn, counter;

__attribute__((noinline)) void overflow_pool() {
  auto* block = static_cast<volatile UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, kBlockSize, kTag));
  block[kBlockSize] = 1;
  ExFreePoolWithTag(const_cast<UCHAR*>(block), kTag);
}

__attribute__((noinline)) void copy_past_pool() {
  void* const block = ExAllocatePoolWithTag(NonPagedPool, kBlockSize, kTag);
  const WDK_MM_COPY_ADDRESS source = {&lock};
  SIZE_T copied;
  for (ULONG offset = 0; offset < kBlockSize; offset += sizeof lock) {
    MmCopyMemory(static_cast<UCHAR*>(block) + offset, source, sizeof lock, kMmCopyMemoryVirtual, &copied);
  }
  ExFreePoolWithTag(block, kTag);
}

__attribute__((noinline)) UCHAR read_freed_pool() {
  auto* block = static_cast<volatile UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, kBlockSize, kTag));
  ExFreePoolWithTag(const_cast<UCHAR*>(block), kTag);
  return block[5];
}

// An atomic addition that ThreadSanitizer does not see: it orders two threads in time, and tells it nothing.
LONG unseen_add(volatile LONG* value, LONG addend) {
  asm volatile("lock xaddl %0, %1" : "+r"(addend), "+m"(*value) : : "memory");
  return addend;
}

// Both threads are in here before either counts, and the second counts after the first: nothing that a sanitizer
// knows of lies between the two, so it cannot but see a race, whatever the scheduler does.
__attribute__((noinline)) void race_for_counter() {
  const LONG my_turn = unseen_add(&arrived, 1);
  while (unseen_add(&arrived, 0) < 2 || unseen_add(&turn, 0) != my_turn) __builtin_ia32_pause();
  counter = counter + 1;
  unseen_add(&turn, 1);
}

extern "C" {

VOID NTAPI wait_for_ever(PVOID) {
  KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, nullptr);
}

VOID NTAPI on_callback(PVOID, PVOID, PVOID) {
  if (rule == Rule::UnregisterInsideCallback) ExUnregisterCallback(registration);
  if (rule == Rule::RaiseIrqlInCallback) KeAcquireSpinLockRaiseToDpc(&lock);
}

VOID NTAPI on_process(PEPROCESS process, HANDLE, PPS_CREATE_NOTIFY_INFO) {
  if (rule == Rule::RemoveRoutineInsideItself) PsSetCreateProcessNotifyRoutineEx(on_process, TRUE);
  if (rule == Rule::DereferenceTooOften) {
    ObDereferenceObject(process);
    ObDereferenceObject(process);
  }
}

NTSTATUS NTAPI succeed(PDEVICE_OBJECT, PIRP irp) {
  return complete(irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI on_control(PDEVICE_OBJECT, PIRP irp) {
  switch (rule) {
    case Rule::CompleteTwice:
      complete(irp, STATUS_SUCCESS, 0);
      return complete(irp, STATUS_SUCCESS, 0);
    case Rule::NeitherCompletedNorPending:
      return STATUS_SUCCESS;
    case Rule::PendingWithoutMark:
      return STATUS_PENDING;
    case Rule::MarkWithoutPending:
      IoMarkIrpPending(irp);
      return complete(irp, STATUS_SUCCESS, 0);
    case Rule::OtherStatusReturned:
      complete(irp, STATUS_UNSUCCESSFUL, 0);
      return STATUS_SUCCESS;
    case Rule::TooMuchInformation:
      return complete(irp, STATUS_SUCCESS,
                      IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength + 1);
    case Rule::CompleteWithPending:
      return complete(irp, STATUS_PENDING, 0);
    case Rule::ReturnAtDispatch:
      KeAcquireSpinLockRaiseToDpc(&lock);
      return complete(irp, STATUS_SUCCESS, 0);
    case Rule::OverflowPool:
      overflow_pool();
      return complete(irp, STATUS_SUCCESS, 0);
    case Rule::CopyPastPool:
      copy_past_pool();
      return complete(irp, STATUS_SUCCESS, 0);
    case Rule::ReadFreedPool:
      return complete(irp, read_freed_pool() == 0 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS, 0);
    case Rule::RaceForCounter:
      race_for_counter();
      return complete(irp, STATUS_SUCCESS, 0);
    default:
      return complete(irp, STATUS_SUCCESS, 0);
  }
}

__attribute__((noinline)) void leave_behind() {
  HANDLE handle;
  switch (rule) {
    case Rule::LeavePool:
      ExAllocatePoolWithTag(NonPagedPool, 100, kTag);
      break;
    case Rule::LeaveHandle:
      ObOpenObjectByPointer(PsGetCurrentProcess(), OBJ_KERNEL_HANDLE, nullptr, PROCESS_ALL_ACCESS, *PsProcessType,
                            KernelMode, &handle);
      break;
    case Rule::LeaveLink: {
      UNICODE_STRING link = literal(L"\\??\\Breaker"), target = literal(L"\\Device\\Breaker");
      IoCreateSymbolicLink(&link, &target);
      break;
    }
    case Rule::LeaveThread:
      KeInitializeEvent(&never, NotificationEvent, FALSE);
      PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, wait_for_ever, nullptr);
      ZwClose(handle);
      break;
    case Rule::LeaveTimer: {
      LARGE_INTEGER in_an_hour;
      in_an_hour.QuadPart = -36'000'000'000;
      KeInitializeTimer(&timer);
      KeSetTimer(&timer, in_an_hour, nullptr);
      break;
    }
    case Rule::LeaveLookaside:
      ExInitializeLookasideListEx(&lookaside, nullptr, nullptr, NonPagedPool, 0, kBlockSize, kTag, 0);
      break;
    case Rule::LeaveMdl:
      IoAllocateMdl(&lock, sizeof lock, FALSE, FALSE, nullptr);
      break;
    case Rule::HoldGuardedMutex:
      KeInitializeGuardedMutex(&mutex);
      KeAcquireGuardedMutex(&mutex);
      break;
    default:
      break;
  }
}

VOID NTAPI on_unload(PDRIVER_OBJECT) {
  if (rule != Rule::LeaveCallback) {
    ExUnregisterCallback(registration);
    ObDereferenceObject(callback);
  }
  if (rule != Rule::LeaveRoutine) PsSetCreateProcessNotifyRoutineEx(on_process, TRUE);
  leave_behind();  // not the last: a jump there would leave no trace of this driver on the stack
  if (rule != Rule::LeaveDevice) IoDeleteDevice(device);
}

}  // extern "C"

ULONG read_rule(PUNICODE_STRING registry_path) {
  wchar_t storage[200];
  UNICODE_STRING path = {0, sizeof storage, storage}, name = literal(L"Rule");
  RtlCopyUnicodeString(&path, registry_path);
  RtlAppendUnicodeToString(&path, L"\\Parameters");
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &path, OBJ_KERNEL_HANDLE, nullptr, nullptr);
  HANDLE key;
  if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return 0;
  alignas(8) UCHAR value[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(ULONG)] = {};
  ULONG length;
  const NTSTATUS status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof value, &length);
  ZwClose(key);
  return NT_SUCCESS(status) ? *reinterpret_cast<ULONG*>(reinterpret_cast<PKEY_VALUE_PARTIAL_INFORMATION>(value)->Data)
                            : 0;
}

NTSTATUS bring_up(PDRIVER_OBJECT driver) {
  UNICODE_STRING name = literal(L"\\Device\\Breaker"), callback_name = literal(L"\\Callback\\Breaker");
  NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &callback_name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  status = ExCreateCallback(&callback, &attributes, TRUE, TRUE);
  if (!NT_SUCCESS(status)) return status;
  registration = ExRegisterCallback(callback, on_callback, nullptr);
  if (!registration) return STATUS_INSUFFICIENT_RESOURCES;
  return PsSetCreateProcessNotifyRoutineEx(on_process, FALSE);
}

}  // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  rule = static_cast<Rule>(read_rule(registry_path));
  if (rule == Rule::FailEntryCleanly) return STATUS_UNSUCCESSFUL;
  const NTSTATUS status = bring_up(driver);
  if (!NT_SUCCESS(status)) return status;
  if (rule == Rule::FailEntryLeaving) return STATUS_UNSUCCESSFUL;
  driver->MajorFunction[IRP_MJ_CREATE] = succeed;
  driver->MajorFunction[IRP_MJ_CLEANUP] = succeed;
  driver->MajorFunction[IRP_MJ_CLOSE] = succeed;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = on_control;
  if (rule != Rule::NoUnloadRoutine) driver->DriverUnload = on_unload;
  return STATUS_SUCCESS;
}
