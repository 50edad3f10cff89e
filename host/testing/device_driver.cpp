// SPDX-License-Identifier: MIT
// A driver with a device that answers each kind of control code, keeps requests in a cancel-safe queue, and counts
// processes.
#include "device_driver_codes.h"
#include "driver.h"

namespace {

constexpr ULONG kTag = 0x74736554;  // "Test"

struct Counts {
  volatile LONG opens, cleanups, closes;
};

PDEVICE_OBJECT device;
Counts counts;
IO_CSQ queue;
LIST_ENTRY waiting;
LONG waiting_count;
KSPIN_LOCK waiting_lock;
ULONG answer;
ULONG64 processes[4];

constinit const UNICODE_STRING kDeviceName = literal(L"\\Device\\HostTest");
constinit const UNICODE_STRING kLinkName = literal(L"\\??\\HostTest");

extern "C" {

VOID NTAPI insert_irp(PIO_CSQ, PIRP irp) {
  InsertTailList(&waiting, &irp->Tail.Overlay.ListEntry);
  ++waiting_count;
}

VOID NTAPI remove_irp(PIO_CSQ, PIRP irp) {
  RemoveEntryList(&irp->Tail.Overlay.ListEntry);
  --waiting_count;
}

PIRP NTAPI peek_irp(PIO_CSQ, PIRP irp, PVOID file) {
  PLIST_ENTRY entry = irp ? irp->Tail.Overlay.ListEntry.Flink : waiting.Flink;
  for (; entry != &waiting; entry = entry->Flink) {
    PIRP candidate = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
    if (!file || IoGetCurrentIrpStackLocation(candidate)->FileObject == file) return candidate;
  }
  return nullptr;
}

VOID NTAPI acquire_lock(PIO_CSQ, PKIRQL irql) {
  *irql = KeAcquireSpinLockRaiseToDpc(&waiting_lock);
}
VOID NTAPI release_lock(PIO_CSQ, KIRQL irql) {
  KeReleaseSpinLock(&waiting_lock, irql);
}
LONG count_waiting() {
  const KIRQL irql = KeAcquireSpinLockRaiseToDpc(&waiting_lock);
  const LONG count = waiting_count;
  KeReleaseSpinLock(&waiting_lock, irql);
  return count;
}

VOID NTAPI complete_canceled(PIO_CSQ, PIRP irp) {
  complete(irp, STATUS_CANCELLED, 0);
}

NTSTATUS NTAPI on_create(PDEVICE_OBJECT, PIRP irp) {
  InterlockedIncrement(&counts.opens);
  return complete(irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI on_cleanup(PDEVICE_OBJECT, PIRP irp) {
  InterlockedIncrement(&counts.cleanups);
  while (PIRP queued = IoCsqRemoveNextIrp(&queue, IoGetCurrentIrpStackLocation(irp)->FileObject))
    complete(queued, STATUS_CANCELLED, 0);
  return complete(irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI on_close(PDEVICE_OBJECT, PIRP irp) {
  InterlockedIncrement(&counts.closes);
  return complete(irp, STATUS_SUCCESS, 0);
}

struct Work {
  PIO_WORKITEM item;
  PIRP irp;
};

VOID NTAPI run_work(PDEVICE_OBJECT, PVOID context) {
  Work* work = static_cast<Work*>(context);
  complete(work->irp, KeGetCurrentIrql() == PASSIVE_LEVEL ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL, 0);
  IoFreeWorkItem(work->item);
  ExFreePoolWithTag(work, kTag);
}

VOID NTAPI on_process(PEPROCESS, HANDLE process_id, PPS_CREATE_NOTIFY_INFO info) {
  ++processes[info ? 0 : 1];
  processes[2] = reinterpret_cast<ULONG64>(process_id);
  if (info) processes[3] = reinterpret_cast<ULONG64>(info->ParentProcessId);
}

}  // extern "C"

NTSTATUS queue_work(PIRP irp) {
  Work* work = static_cast<Work*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Work), kTag));
  if (!work) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  work->irp = irp;
  work->item = IoAllocateWorkItem(device);
  if (!work->item) {
    ExFreePoolWithTag(work, kTag);
    return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  }
  IoMarkIrpPending(irp);
  IoQueueWorkItem(work->item, run_work, DelayedWorkQueue, work);
  return STATUS_PENDING;
}

// D:P(A;;GA;;;SY)(A;;GA;;;BA)
NTSTATUS restrict_device() {
  alignas(8) UCHAR storage[128];
  PACL acl = reinterpret_cast<PACL>(storage);
  NTSTATUS status = RtlCreateAcl(acl, sizeof storage, ACL_REVISION);
  if (NT_SUCCESS(status)) status = RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeLocalSystemSid);
  if (NT_SUCCESS(status)) status = RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeAliasAdminsSid);
  SECURITY_DESCRIPTOR descriptor;
  if (NT_SUCCESS(status)) status = RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
  if (NT_SUCCESS(status)) status = RtlSetDaclSecurityDescriptor(&descriptor, TRUE, acl, FALSE);
  HANDLE handle = nullptr;
  if (NT_SUCCESS(status))
    status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, nullptr, WRITE_DAC, nullptr, KernelMode, &handle);
  if (!NT_SUCCESS(status)) return status;
  status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor);
  ZwClose(handle);
  return status;
}

template <class T>
NTSTATUS answer_with(PIRP irp, const T& value, ULONG room) {
  if (room < sizeof value) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
  RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &value, sizeof value);
  return complete(irp, STATUS_SUCCESS, sizeof value);
}

NTSTATUS release_one(PIRP irp) {
  PIRP waiter = IoCsqRemoveNextIrp(&queue, nullptr);
  if (!waiter) return complete(irp, STATUS_NOT_FOUND, 0);
  *static_cast<ULONG*>(waiter->AssociatedIrp.SystemBuffer) = 0x600D;
  complete(waiter, STATUS_SUCCESS, sizeof(ULONG));
  return complete(irp, STATUS_SUCCESS, 0);
}

NTSTATUS direct(PIRP irp, ULONG code, ULONG length) {
  UCHAR* bytes = nullptr;
  if (irp->MdlAddress)
    bytes = static_cast<UCHAR*>(MmGetSystemAddressForMdlSafe(irp->MdlAddress, kNormalPriorityNoExecute));
  if (!bytes) return complete(irp, STATUS_INVALID_PARAMETER, 0);
  if (code == test_device::kFillDirect) {
    for (ULONG i = 0; i < length; ++i) bytes[i] = static_cast<UCHAR>(i);
    return complete(irp, STATUS_SUCCESS, length);
  }
  ULONG sum = 0;
  for (ULONG i = 0; i < length; ++i) sum += bytes[i];
  return complete(irp, sum == 6 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER, 0);
}

extern "C" NTSTATUS NTAPI on_control(PDEVICE_OBJECT, PIRP irp) {
  const PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
  const auto& parameters = location->Parameters.DeviceIoControl;
  const ULONG in = parameters.InputBufferLength, out = parameters.OutputBufferLength;
  void* buffer = irp->AssociatedIrp.SystemBuffer;
  switch (parameters.IoControlCode) {
    case test_device::kEcho:
      return complete(irp, STATUS_SUCCESS, in < out ? in : out);
    case test_device::kFillDirect:
    case test_device::kSumDirect:
      return direct(irp, parameters.IoControlCode, out);
    case test_device::kNeither:
      RtlCopyMemory(irp->UserBuffer, parameters.Type3InputBuffer, in < out ? in : out);
      return complete(irp, STATUS_SUCCESS, in < out ? in : out);
    case test_device::kWait:
      if (out < sizeof(ULONG)) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
      IoCsqInsertIrp(&queue, irp, nullptr);
      return STATUS_PENDING;
    case test_device::kRelease:
      return release_one(irp);
    case test_device::kOverflow:
      *static_cast<ULONG*>(buffer) = 0x11223344;
      return complete(irp, STATUS_BUFFER_OVERFLOW, sizeof(ULONG));
    case test_device::kFailWithData:
      *static_cast<ULONG*>(buffer) = 0x11223344;
      return complete(irp, STATUS_INVALID_PARAMETER, sizeof(ULONG));
    case test_device::kNullBuffer:
      return complete(irp, buffer ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS, 0);
    case test_device::kLog:
      return answer_with(irp, counts, out);
    case test_device::kSetDefaultAcl:
      return complete(irp, restrict_device(), 0);
    case test_device::kParameter:
      return answer_with(irp, answer, out);
    case test_device::kWorkItem:
      return queue_work(irp);
    case test_device::kProcesses:
      return answer_with(irp, processes, out);
    case test_device::kWaiting:
      return answer_with(irp, count_waiting(), out);
    default:
      return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

// Parameters\Answer, under the path that DriverEntry was given.
NTSTATUS read_answer(PUNICODE_STRING registry_path) {
  wchar_t storage[200];
  UNICODE_STRING path = {0, sizeof storage, storage};
  RtlCopyUnicodeString(&path, registry_path);
  NTSTATUS status = RtlAppendUnicodeToString(&path, L"\\Parameters");
  if (!NT_SUCCESS(status)) return status;
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  HANDLE key;
  status = ZwOpenKey(&key, KEY_READ, &attributes);
  if (!NT_SUCCESS(status)) return status;
  UNICODE_STRING name = literal(L"answer");
  alignas(8) UCHAR value[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(ULONG)];
  ULONG length;
  status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof value, &length);
  if (NT_SUCCESS(status))
    answer = *reinterpret_cast<ULONG*>(reinterpret_cast<PKEY_VALUE_PARTIAL_INFORMATION>(value)->Data);
  ZwClose(key);
  return status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_SUCCESS : status;
}

extern "C" VOID NTAPI on_unload(PDRIVER_OBJECT) {
  PsSetCreateProcessNotifyRoutineEx(on_process, TRUE);
  UNICODE_STRING link = kLinkName;
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(device);
}

}  // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  NTSTATUS status = read_answer(registry_path);
  if (!NT_SUCCESS(status)) return status;
  InitializeListHead(&waiting);
  KeInitializeSpinLock(&waiting_lock);
  IoCsqInitialize(&queue, insert_irp, remove_irp, peek_irp, acquire_lock, release_lock, complete_canceled);

  UNICODE_STRING name = kDeviceName, link = kLinkName;
  status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  status = PsSetCreateProcessNotifyRoutineEx(on_process, FALSE);
  if (!NT_SUCCESS(status)) {
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(device);
    return status;
  }
  driver->MajorFunction[IRP_MJ_CREATE] = on_create;
  driver->MajorFunction[IRP_MJ_CLEANUP] = on_cleanup;
  driver->MajorFunction[IRP_MJ_CLOSE] = on_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = on_control;
  driver->DriverUnload = on_unload;
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "hosttest: %wZ is up, answer %u\n", &name, answer);
  return STATUS_SUCCESS;
}
