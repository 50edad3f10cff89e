// SPDX-License-Identifier: MIT
// Where NT enters and leaves the driver.
#include "kit/irql.h"
#include "notifier/notifier.h"

namespace {

VOID NTAPI unload(PDRIVER_OBJECT) {
  wdscope::notifier::stop_notifier();
}

}  // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  wdscope::kit::expect_irql_at_most(PASSIVE_LEVEL);
  wdscope::notifier::Parameters parameters = {};
  NTSTATUS status = wdscope::notifier::read_parameters(*registry_path, &parameters);
  if (!NT_SUCCESS(status)) return status;
  status = wdscope::notifier::start_notifier(driver, parameters);
  if (NT_SUCCESS(status)) driver->DriverUnload = unload;
  return status;
}
