// SPDX-License-Identifier: MIT
// A driver that fails on a thread of its own: after the first process start it hears of, outside any notification.
#include "driver.h"

namespace {

KEVENT somebody_started;

extern "C" {

VOID NTAPI on_process(HANDLE, HANDLE, BOOLEAN) {
  KeSetEvent(&somebody_started, IO_NO_INCREMENT, FALSE);
}

VOID NTAPI fail(PVOID) {
  KeWaitForSingleObject(&somebody_started, Executive, KernelMode, FALSE, nullptr);
  *reinterpret_cast<volatile ULONG*>(8) = 1;
  PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID NTAPI on_unload(PDRIVER_OBJECT) {
  PsSetCreateProcessNotifyRoutine(on_process, TRUE);
}

}  // extern "C"
}  // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  driver->DriverUnload = on_unload;
  KeInitializeEvent(&somebody_started, NotificationEvent, FALSE);
  HANDLE thread;
  const NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, fail, nullptr);
  if (!NT_SUCCESS(status)) return status;
  ZwClose(thread);
  return PsSetCreateProcessNotifyRoutine(on_process, FALSE);
}
