// SPDX-License-Identifier: MIT
// wdnis.sys: from DriverEntry to DriverUnload.
#include "kit/irql.h"
#include "kit/pool.h"
#include "wdnis/control.h"
#include "wdnis/network_inspection.h"

namespace wdscope::wdnis {
namespace {

using OwnedInspection = kit::PoolObject<NetworkInspection, kit::tag::Nis>;

VOID NTAPI unload(PDRIVER_OBJECT driver) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const OwnedInspection inspection = OwnedInspection::adopt(&inspection_of(driver->DeviceObject));
  inspection->stop();
}

NTSTATUS enter(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  OwnedInspection inspection;
  NTSTATUS status = inspection.create();
  if (!NT_SUCCESS(status)) return status;
  set_dispatch_routines(driver);
  driver->DriverUnload = unload;
  status = inspection->start(driver, registry_path);
  if (!NT_SUCCESS(status)) return status;
  // The device leads back to it until it unloads.
  static_cast<void>(inspection.release());
  return STATUS_SUCCESS;
}

}  // namespace
}  // namespace wdscope::wdnis

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  return wdscope::wdnis::enter(driver, *registry_path);
}
