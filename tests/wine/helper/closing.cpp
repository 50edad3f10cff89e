// SPDX-License-Identifier: MIT
// What NT promises of a handle's end and Wine 8 does not keep: IRP_MJ_CLEANUP comes before IRP_MJ_CLOSE, and
// IRP_MJ_CLOSE when no request of the file object is under way any more. When a process dies Wine sends IRP_MJ_CLOSE
// alone, and only then cancels what the process has waited for.
//
// So IRP_MJ_CLOSE of each driver that completes an IRP_MJ_CREATE is taken over. While requests of the file object are
// in a cancel-safe queue it waits for them; IRP_MJ_CLEANUP goes before it. Not earlier than that, as Wine's cancelling
// would then come to an IRP that is gone.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

constexpr ULONG kTag = 0x6E695757;  // "WWin"

struct Held {
  LIST_ENTRY link;
  PIRP irp;
  PFILE_OBJECT file;
};
struct Owner {
  PDRIVER_OBJECT driver;
  PDRIVER_DISPATCH close;
};

KSPIN_LOCK closing_lock;
LIST_ENTRY held{&held, &held};
LIST_ENTRY closes{&closes, &closes};  // IRP_MJ_CLOSE that wait, by Tail.Overlay.ListEntry
constexpr std::size_t kMostDrivers = 8;
Owner owners[kMostDrivers];

class ClosingLock {
 public:
  ClosingLock() { KeAcquireSpinLock(&closing_lock, &irql_); }
  ~ClosingLock() { KeReleaseSpinLock(&closing_lock, irql_); }
  ClosingLock(const ClosingLock&) = delete;
  ClosingLock& operator=(const ClosingLock&) = delete;

 private:
  KIRQL irql_;
};

Held* find_held(PIRP irp) {
  for (LIST_ENTRY* at = held.Flink; at != &held; at = at->Flink) {
    Held* const found = CONTAINING_RECORD(at, Held, link);
    if (found->irp == irp) return found;
  }
  return nullptr;
}

bool has_held(PFILE_OBJECT file) {
  for (LIST_ENTRY* at = held.Flink; at != &held; at = at->Flink) {
    if (CONTAINING_RECORD(at, Held, link)->file == file) return true;
  }
  return false;
}

PDRIVER_DISPATCH own_close(PDRIVER_OBJECT driver) {
  for (const Owner& owner : owners) {
    if (owner.driver == driver) return owner.close;
  }
  return nullptr;
}

NTSTATUS NTAPI cleaned_up(PDEVICE_OBJECT, PIRP, PVOID event) {
  KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
  return STATUS_MORE_PROCESSING_REQUIRED;  // clean_up() frees the request
}

void clean_up(PDEVICE_OBJECT device, PFILE_OBJECT file) {
  PIRP const irp = IoAllocateIrp(device->StackSize, FALSE);
  if (irp == nullptr) {
    DbgPrint("wdwine: no memory for IRP_MJ_CLEANUP.\n");
    return;
  }
  IO_STACK_LOCATION& stack = *IoGetNextIrpStackLocation(irp);
  stack.MajorFunction = IRP_MJ_CLEANUP;
  stack.FileObject = file;
  KEVENT done;
  KeInitializeEvent(&done, NotificationEvent, FALSE);
  IoSetCompletionRoutine(irp, cleaned_up, &done, TRUE, TRUE, TRUE);
  IoCallDriver(device, irp);
  KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
  IoFreeIrp(irp);
}

NTSTATUS clean_up_and_close(PDEVICE_OBJECT device, PIRP irp) {
  clean_up(device, IoGetCurrentIrpStackLocation(irp)->FileObject);
  return own_close(device->DriverObject)(device, irp);
}

NTSTATUS NTAPI close(PDEVICE_OBJECT device, PIRP irp) {
  {
    const ClosingLock lock;
    if (has_held(IoGetCurrentIrpStackLocation(irp)->FileObject)) {
      IoMarkIrpPending(irp);
      InsertTailList(&closes, &irp->Tail.Overlay.ListEntry);
      return STATUS_PENDING;
    }
  }
  return clean_up_and_close(device, irp);
}

void take_over(PDRIVER_OBJECT driver) {
  const ClosingLock lock;
  PDRIVER_DISPATCH& current = driver->MajorFunction[IRP_MJ_CLOSE];
  if (current == close) return;
  // A driver object that is there already is that of a driver that is gone.
  Owner* place = nullptr;
  for (Owner& owner : owners) {
    if (owner.driver == driver) place = &owner;
  }
  for (Owner& owner : owners) {
    if (place == nullptr && owner.driver == nullptr) place = &owner;
  }
  if (place == nullptr) {
    DbgPrint("wdwine: too many drivers.\n");
    return;
  }
  *place = {driver, current};
  current = close;
}

// The IRP_MJ_CLOSE that has waited for this request alone; null: none.
PIRP release(PIRP irp) {
  Held* gone = nullptr;
  PIRP waited = nullptr;
  {
    const ClosingLock lock;
    gone = find_held(irp);
    if (gone == nullptr) return nullptr;
    RemoveEntryList(&gone->link);
    for (LIST_ENTRY* at = closes.Flink; at != &closes && !has_held(gone->file); at = at->Flink) {
      PIRP const one = CONTAINING_RECORD(at, IRP, Tail.Overlay.ListEntry);
      if (IoGetCurrentIrpStackLocation(one)->FileObject != gone->file) continue;
      RemoveEntryList(at);
      waited = one;
      break;
    }
  }
  ExFreePoolWithTag(gone, kTag);
  return waited;
}

void FASTCALL complete_request(PIRP irp, CCHAR boost) {
  const IO_STACK_LOCATION& stack = *IoGetCurrentIrpStackLocation(irp);
  if (stack.MajorFunction == IRP_MJ_CREATE && NT_SUCCESS(irp->IoStatus.Status))
    take_over(stack.DeviceObject->DriverObject);
  PIRP const waited = release(irp);
  IofCompleteRequest(irp, boost);
  if (waited != nullptr) clean_up_and_close(IoGetCurrentIrpStackLocation(waited)->DeviceObject, waited);
}

}  // namespace

NTSTATUS hold_request(PIRP irp) {
  auto* const made = static_cast<Held*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Held), kTag));
  if (made == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  *made = {{}, irp, IoGetCurrentIrpStackLocation(irp)->FileObject};
  {
    const ClosingLock lock;
    if (find_held(irp) == nullptr) {
      InsertTailList(&held, &made->link);
      return STATUS_SUCCESS;
    }
  }
  ExFreePoolWithTag(made, kTag);
  return STATUS_SUCCESS;
}

void* closing_routine(std::string_view name) {
  const Routine routines[] = {{"IofCompleteRequest", reinterpret_cast<void*>(complete_request)}};
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
