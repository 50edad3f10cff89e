// SPDX-License-Identifier: MIT
#include "notifier/refresh.h"

#include <atomic>

#include "kit/checked_copy.h"
#include "notifier/hardening.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/kernel_handle.h"
#include "notifier/notification.h"
#include "notifier/pre_scan.h"
#include "notifier/process_context_list.h"
#include "notifier/trace.h"

namespace wdscope::notifier {

namespace {

constinit std::atomic<std::uint64_t> refreshes{0};
constinit std::atomic<std::uint64_t> refused_refreshes{0};

// Whether the arguments are a request; says in a line what is wrong with those that nobody sends by mistake.
bool is_request(PVOID context, PVOID argument1, PVOID argument2) {
  const KIRQL irql = KeGetCurrentIrql();
  if (irql != PASSIVE_LEVEL) {
    trace_error("refresh refused: asked for at IRQL %u", static_cast<unsigned>(irql));
    return false;
  }
  if (context != MpData || argument2) return false;
  if (!argument1) {
    if (!MpProfile->has_context_tail()) trace_error("refresh with a NULL argument: 1910 would bug-check here");
    return false;
  }
  ULONG value = 0;
  const auto source = static_cast<kit::ForeignAddress>(reinterpret_cast<ULONG_PTR>(argument1));
  const NTSTATUS status = kit::checked_copy(&value, source, sizeof(value));
  if (!NT_SUCCESS(status)) {
    trace_error("refresh refused: argument %p cannot be read: status %08X", argument1, status);
    return false;
  }
  return value == 0;
}

// Neither exemption nor doc rule, as Defender leaves them out here.
void classify_running(MP_PROCESS_CONTEXT* context) {
  ProcessReference process;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(process_id_of(context), process.put()))) return;  // it has gone
  PCUNICODE_STRING const image_name = image_name_of(context);
  set_pre_scan(process.get(), context, image_name);
  MpSetProcessHardening(process.get(), context, image_name);
  MpSetProcessHardeningExclusion(context, image_name);
}

}  // namespace

void NTAPI MpNriNotificationCallback(PVOID context, PVOID argument1, PVOID argument2) {
  if (!is_request(context, argument1, argument2)) {
    refused_refreshes.fetch_add(1);
    return;
  }
  refreshes.fetch_add(1);
  MpRefreshProcessNotifications();
}

wire::EngineStatistics refresh_statistics() {
  return {refreshes.load(), refused_refreshes.load()};
}

void MpRefreshProcessNotifications() {
  if (!MpData || !MpProcessTable) return;
  const NTSTATUS status = for_each_process_context(MissingContexts::Skip, notify_refreshed);
  if (!NT_SUCCESS(status)) trace_error("refresh failed: status %08X", status);
}

void MpUpdateRunningProcesses() {
  const NTSTATUS status = for_each_process_context(MissingContexts::Create, classify_running);
  if (!NT_SUCCESS(status)) trace_error("not all running processes have contexts: status %08X", status);
}

}  // namespace wdscope::notifier
