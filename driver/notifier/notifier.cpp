// SPDX-License-Identifier: MIT
#include "notifier/notifier.h"

#include "notifier/copy_cache.h"
#include "notifier/doc_rules.h"
#include "notifier/engine_port.h"
#include "notifier/exclusions.h"
#include "notifier/hardening.h"
#include "notifier/notify_routine.h"
#include "notifier/pre_scan.h"
#include "notifier/process_table.h"
#include "notifier/refresh.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

NTSTATUS start_parts(PDRIVER_OBJECT driver, const Parameters& parameters, const char** part) {
  *part = "global data";
  NTSTATUS status = start_data(driver, parameters);
  if (!NT_SUCCESS(status)) return status;
  *part = "service SIDs";
  status = start_service_sids();
  if (!NT_SUCCESS(status)) return status;
  start_copy_caches();
  *part = "exclusions";
  status = MpInitializeProcessExclusions();
  if (!NT_SUCCESS(status)) return status;
  *part = "doc rules";
  status = MpInitializeDocOpenRules();
  if (!NT_SUCCESS(status)) return status;
  *part = "process table";
  status = MpInitializeProcessTable();
  if (!NT_SUCCESS(status)) return status;
  *part = "engine port";
  status = start_engine_port(driver);
  if (!NT_SUCCESS(status)) return status;
  *part = "process notification";
  return MpSetProcessNotifyRoutine();
}

}  // namespace

NTSTATUS start_notifier(PDRIVER_OBJECT driver, const Parameters& parameters) {
  const char* part = "";
  const NTSTATUS status = start_parts(driver, parameters, &part);
  if (!NT_SUCCESS(status)) {
    trace_error("cannot start: %s: status %08X", part, status);
    stop_notifier();
    return status;
  }
  MpUpdateRunningProcesses();
  trace_info("started as WdFilter %s", parameters.profile->name);
  return STATUS_SUCCESS;
}

void stop_notifier() {
  MpRemoveProcessNotifyRoutine();
  stop_engine_port();
  MpShutdownProcessTable();
  stop_doc_open_rules();
  stop_process_exclusions();
  stop_copy_caches();
  stop_pre_scan();
  stop_service_sids();
  stop_data();
}

}  // namespace wdscope::notifier
