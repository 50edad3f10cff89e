// SPDX-License-Identifier: MIT
// wdscope.sys: from DriverEntry to DriverUnload.
#include "kit/irql.h"
#include "kit/pool.h"
#include "observer/control.h"
#include "observer/observer.h"

namespace wdscope::observer {
namespace {

using OwnedObserver = kit::PoolObject<Observer, kit::tag::Observer>;

VOID NTAPI unload(PDRIVER_OBJECT driver) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  OwnedObserver observer = OwnedObserver::adopt(&observer_of(driver->DeviceObject));
  observer->stop();
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdscope: stopped after %llu records.\n",
             observer->ring().head_sequence());
}

NTSTATUS enter(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  OwnedObserver observer;
  NTSTATUS status = observer.create();
  if (!NT_SUCCESS(status)) return status;
  set_dispatch_routines(driver);
  driver->DriverUnload = unload;
  status = observer->start(driver, registry_path);
  if (!NT_SUCCESS(status)) return status;
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdscope: watching \\Callback\\%sProcessNotificationCallback.\n",
             observer->subscription().name() == wire::CallbackObjectName::Wd ? "Wd" : "Mp");
  // The device leads back to it until it unloads.
  static_cast<void>(observer.release());
  return STATUS_SUCCESS;
}

}  // namespace
}  // namespace wdscope::observer

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  return wdscope::observer::enter(driver, *registry_path);
}
