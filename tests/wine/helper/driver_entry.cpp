// SPDX-License-Identifier: MIT
// wdwine.sys as a driver: its device, and the thread that calls the drivers' process-notify routines. A thread of its
// own, because Wine sends all requests of a process's drivers on one thread: a notifier that waits for its engine there
// would never hear from it.
#include "wine/feed_device.h"
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

KSPIN_LOCK requests_lock;
LIST_ENTRY requests{&requests, &requests};
KEVENT request_came;
bool ending;
PETHREAD worker;

void complete(PIRP irp, NTSTATUS status) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = 0;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
}

NTSTATUS perform(PIRP irp) {
  const IO_STACK_LOCATION& stack = *IoGetCurrentIrpStackLocation(irp);
  const ULONG size = stack.Parameters.DeviceIoControl.InputBufferLength;
  const auto* const bytes = static_cast<const UCHAR*>(irp->AssociatedIrp.SystemBuffer);
  if (size < sizeof(StartMessage)) return STATUS_INVALID_PARAMETER;
  const auto& message = *reinterpret_cast<const StartMessage*>(bytes);
  if (size != sizeof message + message.image_size + message.command_line_size) return STATUS_INVALID_PARAMETER;
  const auto process = reinterpret_cast<HANDLE>(message.process_id);
  if (stack.Parameters.DeviceIoControl.IoControlCode == kAnnounceExit) return announce_exit(process);
  const auto text = [bytes](std::size_t offset, ULONG length) {
    return UNICODE_STRING{static_cast<USHORT>(length), static_cast<USHORT>(length),
                          reinterpret_cast<PWSTR>(const_cast<UCHAR*>(bytes + offset))};
  };
  return announce_start({process, reinterpret_cast<HANDLE>(message.parent_process_id),
                         text(sizeof message, message.image_size),
                         text(sizeof message + message.image_size, message.command_line_size)});
}

void NTAPI work(void*) {
  for (;;) {
    KeWaitForSingleObject(&request_came, Executive, KernelMode, FALSE, nullptr);
    for (;;) {
      KIRQL irql;
      KeAcquireSpinLock(&requests_lock, &irql);
      LIST_ENTRY* const link = IsListEmpty(&requests) ? nullptr : RemoveHeadList(&requests);
      KeReleaseSpinLock(&requests_lock, irql);
      if (link == nullptr) break;
      PIRP const irp = CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
      complete(irp, perform(irp));
    }
    if (ending) break;
  }
  PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS NTAPI open_or_close(PDEVICE_OBJECT, PIRP irp) {
  complete(irp, STATUS_SUCCESS);
  return STATUS_SUCCESS;
}

NTSTATUS NTAPI control(PDEVICE_OBJECT, PIRP irp) {
  const ULONG code = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode;
  if (code != kAnnounceStart && code != kAnnounceExit) {
    complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    return STATUS_INVALID_DEVICE_REQUEST;
  }
  IoMarkIrpPending(irp);
  KIRQL irql;
  KeAcquireSpinLock(&requests_lock, &irql);
  InsertTailList(&requests, &irp->Tail.Overlay.ListEntry);
  KeReleaseSpinLock(&requests_lock, irql);
  KeSetEvent(&request_came, IO_NO_INCREMENT, FALSE);
  return STATUS_PENDING;
}

UNICODE_STRING dos_name() {
  UNICODE_STRING name;
  RtlInitUnicodeString(&name, L"\\DosDevices\\wdwine");
  return name;
}

NTSTATUS make_device(PDRIVER_OBJECT driver) {
  UNICODE_STRING name;
  RtlInitUnicodeString(&name, L"\\Device\\wdwine");
  PDEVICE_OBJECT device = nullptr;
  NTSTATUS status = IoCreateDevice(driver, 0, &name, 0x8778, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  UNICODE_STRING link = dos_name();
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) IoDeleteDevice(device);
  return status;
}

NTSTATUS start_worker() {
  KeInitializeEvent(&request_came, SynchronizationEvent, FALSE);
  HANDLE thread = nullptr;
  NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, work, nullptr);
  if (!NT_SUCCESS(status)) return status;
  // The header declares the variable with one level of pointers too many.
  auto* const type = reinterpret_cast<POBJECT_TYPE>(PsThreadType);
  status = ObReferenceObjectByHandle(thread, SYNCHRONIZE, type, KernelMode, reinterpret_cast<PVOID*>(&worker), nullptr);
  ZwClose(thread);
  return status;
}

void NTAPI unload(PDRIVER_OBJECT driver) {
  stop_rewriting();
  ending = true;
  KeSetEvent(&request_came, IO_NO_INCREMENT, FALSE);
  KeWaitForSingleObject(worker, Executive, KernelMode, FALSE, nullptr);
  ObDereferenceObject(worker);
  UNICODE_STRING link = dos_name();
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(driver->DeviceObject);
}

}  // namespace
}  // namespace wdscope::wine

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  using namespace wdscope::wine;
  driver->MajorFunction[IRP_MJ_CREATE] = open_or_close;
  driver->MajorFunction[IRP_MJ_CLOSE] = open_or_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
  driver->DriverUnload = unload;
  NTSTATUS status = make_device(driver);
  if (!NT_SUCCESS(status)) return status;
  status = start_worker();
  if (NT_SUCCESS(status)) status = start_rewriting();
  if (!NT_SUCCESS(status)) DbgPrint("wdwine: cannot start: 0x%08X.\n", status);
  return status;
}
