// SPDX-License-Identifier: MIT
#include "notifier/pre_scan.h"

#include "abi/defender/exclusions.h"
#include "abi/defender/flags.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/counted_string.h"
#include "notifier/file_name.h"
#include "notifier/path.h"
#include "notifier/pool_tag.h"
#include "notifier/token.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

using defender::CSRSS_HOOK_DATA;
using defender::KnownProcessType;
using defender::MpDataLayout;

void free_csrss_data(CSRSS_HOOK_DATA* data) {
  for (const defender::KernelAddress path : {data->SystemRoot, data->WinSxS, data->CsrssPath}) {
    free_string(as_pointer<UNICODE_STRING>(path));
  }
  ExFreePoolWithTag(data, pool_tag::kExclusions);
}

CSRSS_HOOK_DATA* make_csrss_data() {
  auto* const data = static_cast<CSRSS_HOOK_DATA*>(
      kit::allocate_zeroed(kit::Pool::Paged, sizeof(CSRSS_HOOK_DATA), pool_tag::kExclusions));
  if (!data) return nullptr;
  data->SystemRoot = as_address(system_root_path(UNICODE_STRING{}, pool_tag::kString));
  data->WinSxS = as_address(system_root_path(kit::counted(u"\\WinSxS"), pool_tag::kString));
  data->CsrssPath = as_address(system32_path(kit::counted(u"csrss.exe"), pool_tag::kString));
  if (data->SystemRoot && data->WinSxS && data->CsrssPath) return data;
  free_csrss_data(data);
  return nullptr;
}

// Made at first need; of two that make it at once one wins. Null: no memory.
CSRSS_HOOK_DATA* csrss_data() {
  auto published = mp_data_atomic(&MpDataLayout::CsrssHookData);
  if (auto* const data = as_pointer<CSRSS_HOOK_DATA>(published.load())) return data;
  CSRSS_HOOK_DATA* const made = make_csrss_data();
  if (!made) return nullptr;
  defender::KernelAddress winner = 0;
  if (published.compare_exchange_strong(winner, as_address(made))) return made;
  free_csrss_data(made);
  return as_pointer<CSRSS_HOOK_DATA>(winner);
}

void set_hook(MP_PROCESS_CONTEXT* context, PreScanRoutine routine) {
  std::atomic_ref<defender::KernelAddress>(context->PreScanHook).store(reinterpret_cast<ULONG_PTR>(routine));
}

void hook_csrss(PEPROCESS process, MP_PROCESS_CONTEXT* context, const UNICODE_STRING& image_name) {
  CSRSS_HOOK_DATA* const data = csrss_data();
  if (!data) {
    trace_error("no memory for csrss's hook data: process %p stays without", context->ProcessId);
    return;
  }
  const std::atomic_ref<std::uint8_t> hook_set(data->HookSet);
  if (hook_set.load() || std::atomic_ref<defender::KernelAddress>(context->PreScanHook).load()) return;
  if (!equal_names(image_name, *as_pointer<UNICODE_STRING>(data->CsrssPath))) return;
  ULONG session_id = 0;
  const NTSTATUS status = token_session(process, &session_id);
  if (NT_SUCCESS(status) && session_id != 0) return;
  set_hook(context, MpPreScanCsrss);
  if (NT_SUCCESS(status)) hook_set.store(1);
}

bool has_name(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  if (image_name) return image_name->Length != 0;
  trace_error("pre-scan: no name of process %p: status %08X", context->ProcessId, STATUS_INVALID_PARAMETER);
  return false;
}

}  // namespace

NTSTATUS NTAPI MpPreScanCsrss(PVOID) {
  return STATUS_SUCCESS;
}
NTSTATUS NTAPI MpPreScanCryptSvc(PVOID) {
  return STATUS_SUCCESS;
}
NTSTATUS NTAPI MpPreScanSystem(PVOID) {
  return STATUS_SUCCESS;
}

void MpSetProcessPreScanHook(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!has_name(context, image_name)) return;
  UNICODE_STRING file_name;
  if (!NT_SUCCESS(final_component(image_name, &file_name))) return;
  if (equal_names(file_name, kit::counted(u"csrss.exe"))) hook_csrss(process, context, *image_name);
}

void MpSetProcessPreScanFilterRoutine(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  switch (known_type_of(tail_of(context))) {
    case KnownProcessType::CryptographicServices:
      set_hook(context, MpPreScanCryptSvc);
      return;
    case KnownProcessType::System:
      set_hook(context, MpPreScanSystem);
      return;
    case KnownProcessType::Csrss:
      if (has_name(context, image_name)) hook_csrss(process, context, *image_name);
      return;
    default:
      return;
  }
}

void set_pre_scan(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  if (MpProfile->has_context_tail()) {
    MpSetProcessPreScanFilterRoutine(process, context, image_name);
  } else {
    MpSetProcessPreScanHook(process, context, image_name);
  }
}

void stop_pre_scan() {
  if (!MpData) return;
  auto* const data = as_pointer<CSRSS_HOOK_DATA>(mp_data(&MpDataLayout::CsrssHookData));
  if (data) free_csrss_data(data);
  mp_data(&MpDataLayout::CsrssHookData) = 0;
}

}  // namespace wdscope::notifier
