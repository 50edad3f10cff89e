// SPDX-License-Identifier: MIT
#include "notifier/process_context.h"

#include "abi/defender/flags.h"
#include "notifier/copy_cache.h"
#include "notifier/counted_string.h"
#include "notifier/doc_rules.h"
#include "notifier/kernel_handle.h"
#include "notifier/known_process.h"
#include "notifier/lookaside.h"
#include "notifier/message.h"
#include "notifier/process_query.h"
#include "notifier/token.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

constexpr ULONG_PTR kLastEarlyProcessId = 10;  // creation time 0 is normal up to here
constexpr ULONG kUnknownSession = 0xFFFFFFFF;
constexpr std::uint64_t kUnrestricted = ~std::uint64_t{0};

MP_PROCESS_CONTEXT* allocate_context(HANDLE process_id, LONGLONG create_time) {
  void* const block = allocate_from(context_lookaside());
  if (!block) return nullptr;
  RtlZeroMemory(block, MpProfile->context_size);
  auto* const context = static_cast<MP_PROCESS_CONTEXT*>(block);
  context->Magic = MpProfile->context_magic;
  context->ProcessId = reinterpret_cast<ULONG_PTR>(process_id);
  context->CreateTime = create_time;
  context->RefCount = 1;
  context->CodeInjectionRequestMask = kUnrestricted;
  if (auto* const tail = tail_of(context)) {
    tail->State = defender::state::HardeningExclusions;
    const defender::KernelAddress head = as_address(&tail->SensitiveSections);
    tail->SensitiveSections = {head, head};
  }
  return context;
}

// Not fatal: what is unknown is no AppContainer.
void set_app_container(defender::MP_PROCESS_CONTEXT_25080* context, HANDLE process, KernelHandle* token) {
  bool is_app_container = false;
  const NTSTATUS status = token_is_app_container(process, token, &is_app_container);
  if (!NT_SUCCESS(status))
    trace_info("process %p: AppContainer unknown: status %08X", context->Common.ProcessId, status);
  context->IsAppContainer = is_app_container;
}

NTSTATUS fill_strings(MP_PROCESS_CONTEXT* context, HANDLE process, const CreateParameters* parameters) {
  PUNICODE_STRING image_name = nullptr;
  if (parameters && is_present(parameters->image_name)) {
    image_name = duplicate_string(*parameters->image_name);
    if (!image_name) return STATUS_INSUFFICIENT_RESOURCES;
  } else {
    const NTSTATUS status = query_process_string(process, ProcessQuery::ImageFileName, &image_name);
    if (!NT_SUCCESS(status)) return status;
  }
  context->ImageName = as_address(image_name);

  PUNICODE_STRING command_line = nullptr;
  if (parameters && is_present(parameters->command_line)) {
    command_line = duplicate_string(*parameters->command_line);
  } else {
    const NTSTATUS status = query_process_string(process, ProcessQuery::CommandLine, &command_line);
    if (!NT_SUCCESS(status)) trace_info("no command line of process %p: status %08X", context->ProcessId, status);
  }
  context->CommandLine = as_address(command_line);
  return STATUS_SUCCESS;
}

NTSTATUS fill_facts(MP_PROCESS_CONTEXT* context, HANDLE process) {
  auto* const tail = tail_of(context);
  if (tail) {
    ULONG session_id = kUnknownSession;
    const NTSTATUS status = query_process_value(process, ProcessQuery::SessionId, &session_id);
    if (!NT_SUCCESS(status)) trace_info("no session of process %p: status %08X", context->ProcessId, status);
    tail->SessionId = session_id;
  }

  const std::uint32_t os = mp_data(&defender::MpDataLayout::OsVersionMask);
  if (os & defender::os_version::Subsystems) {
    ULONG subsystem = 0;
    const NTSTATUS status = query_process_value(process, ProcessQuery::Subsystem, &subsystem);
    if (!NT_SUCCESS(status)) return status;
    context->SubsystemInformation = subsystem;
  }

  UCHAR protection = 0;
  const NTSTATUS status = query_process_value(process, ProcessQuery::Protection, &protection);
  if (!NT_SUCCESS(status) && (os & defender::os_version::Redstone3)) return status;
  context->Protection = protection;
  if (tail && NT_SUCCESS(status)) tail->State |= defender::state::ProtectionValid;
  return STATUS_SUCCESS;
}

NTSTATUS fill_context(MP_PROCESS_CONTEXT* context, const CreateParameters* parameters) {
  ProcessReference process;
  NTSTATUS status = PsLookupProcessByProcessId(process_id_of(context), process.put());
  if (!NT_SUCCESS(status)) return status;
  KernelHandle handle;
  status = open_process(process.get(), &handle);
  if (!NT_SUCCESS(status)) return status;
  KernelHandle token;
  if (auto* const tail = tail_of(context)) {
    set_app_container(tail, handle.get(), parameters && parameters->token ? parameters->token : &token);
  }
  status = fill_strings(context, handle.get(), parameters);
  if (!NT_SUCCESS(status)) return status;
  classify_known_process(process.get(), context, parameters ? parameters->parent_process_id : nullptr);
  status = fill_facts(context, handle.get());
  if (!NT_SUCCESS(status)) return status;
  if (context->ProcessId == kit::kSystemProcessId) {
    context->ProcessFlags |= defender::flag::SystemProcess | defender::flag::Trusted;
    if (auto* const tail = tail_of(context)) set_known_type(tail, defender::KnownProcessType::System);
  }
  auto* const tail = tail_of(context);
  return tail ? create_copy_cache(tail) : STATUS_SUCCESS;
}

}  // namespace

void reference_context(MP_PROCESS_CONTEXT* context) {
  std::atomic_ref<std::int32_t>(context->RefCount).fetch_add(1);
}

NTSTATUS MpCreateProcessContext(HANDLE process_id, LONGLONG create_time, const CreateParameters* parameters,
                                MP_PROCESS_CONTEXT** context) {
  *context = nullptr;
  if (create_time == 0 && reinterpret_cast<ULONG_PTR>(process_id) > kLastEarlyProcessId) {
    trace_error("process %p has no creation time", process_id);
  }
  // An enumeration that creates may have been here first.
  if (NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(process_id, create_time, context))) return STATUS_SUCCESS;

  MP_PROCESS_CONTEXT* const fresh = allocate_context(process_id, create_time);
  if (!fresh) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS status = fill_context(fresh, parameters);
  if (!NT_SUCCESS(status)) {
    MpFreeProcessContext(fresh);
    return status;
  }

  MP_PROCESS_CONTEXT* winner = nullptr;
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    winner = find_in_table(process_id, create_time);
    if (winner) {
      reference_context(winner);
    } else {
      insert_into_table(fresh);
      winner = fresh;
    }
  }
  if (winner != fresh) MpFreeProcessContext(fresh);
  *context = winner;
  return STATUS_SUCCESS;
}

void MpDeleteProcessContext(MP_PROCESS_CONTEXT* context) {
  const ResourceLock lock(table_resource(), LockMode::Exclusive);
  unlink_from_table(context);
  MpReleaseProcessContext(context);
}

void MpReleaseProcessContext(MP_PROCESS_CONTEXT* context) {
  if (std::atomic_ref<std::int32_t>(context->RefCount).fetch_sub(1) != 1) return;
  bool none_untrusted = false;
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    if (context_flags(context).load() & defender::flag::Trusted) {
      --MpProcessTable->TrustedCount;
    } else {
      none_untrusted = --MpProcessTable->UntrustedCount == 0;
    }
  }
  if (none_untrusted) MpSendTrustedProcessMessage(UntrustedLeft::None, nullptr);
  MpFreeProcessContext(context);
}

void MpFreeProcessContext(MP_PROCESS_CONTEXT* context) {
  if (context->DocRule) release_doc_open_rule(as_pointer<MP_DOC_OPEN_RULE>(context->DocRule));
  free_string(image_name_of(context));
  free_string(command_line_of(context));
  if (auto* const tail = tail_of(context)) {
    free_copy_cache(tail);
    set_known_type(tail, defender::KnownProcessType::None);
  }
  context->Magic = 0;
  free_to(context_lookaside(), context);
}

}  // namespace wdscope::notifier
