// SPDX-License-Identifier: MIT
#include "notifier/handler.h"

#include "abi/defender/flags.h"
#include "abi/defender/messages.h"
#include "kit/irql.h"
#include "notifier/doc_rules.h"
#include "notifier/exclusions.h"
#include "notifier/hardening.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/kernel_handle.h"
#include "notifier/known_process.h"
#include "notifier/message.h"
#include "notifier/notification.h"
#include "notifier/pre_scan.h"
#include "notifier/process_context_list.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

// PS_PROTECTION of a process that a TrustedInstaller message takes for protected: type 1 or 2, signer 1 to 8.
constexpr std::uint8_t kLastProtectedType = 2;
constexpr std::uint8_t kLastProtectedSigner = 8;

bool is_protected(const MP_PROCESS_CONTEXT& context) {
  const std::uint8_t type = context.Protection & 0x07;
  const std::uint8_t signer = context.Protection >> 4;
  return type >= 1 && type <= kLastProtectedType && signer >= 1 && signer <= kLastProtectedSigner;
}

// Early in the boot the System process has no creation time. Its context gets the true one at the first event after.
void fix_system_create_time() {
  if (MpSystemTimeFixed) return;
  const auto system_id = reinterpret_cast<HANDLE>(kit::kSystemProcessId);
  ProcessReference system;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(system_id, system.put()))) return;
  const LONGLONG create_time = PsGetProcessCreateTimeQuadPart(system.get());
  if (create_time == 0) return;
  ContextReference context;
  if (NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(system_id, 0, context.put()))) {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    change_create_time(context.get(), create_time);
  }
  MpSystemTimeFixed = true;
}

UniqueProcessId current_process() {
  return {static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(PsGetCurrentProcessId())),
          PsGetProcessCreateTimeQuadPart(PsGetCurrentProcess())};
}

void mark_parent(HANDLE parent_process_id) {
  ContextReference parent;
  if (NT_SUCCESS(MpGetProcessContextById(parent_process_id, parent.put()))) {
    context_flags(parent.get()).fetch_or(defender::flag::CreatedChild);
  }
}

// No minifilter, so how the file was opened cannot be determined: then the value 2 stays.
std::uint32_t message_flags(const ProcessEventFacts& facts, MP_PROCESS_CONTEXT* context) {
  namespace message_flag = defender::message_flag;
  std::uint32_t flags = message_flag::Normal;
  if (facts.transacted) flags |= message_flag::Transacted;
  auto* const tail = tail_of(context);
  if (tail && is_trusted_installer(tail) && !is_protected(*context)) {
    flags |= message_flag::DosName | message_flag::TrustedInstaller;
  }
  return flags;
}

// Every judgement by name and token that needs nobody's answer, in Defender's order.
void classify(const ProcessEventFacts& facts, MP_PROCESS_CONTEXT* context) {
  const NTSTATUS status = MpSetProcessDocOpenRule(context, facts.image_name);
  if (!NT_SUCCESS(status)) trace_info("no doc rule set for process %p: status %08X", facts.process_id, status);
  set_pre_scan(facts.process, context, facts.image_name);
  MpSetProcessExempt(context, facts.image_name, Exempt::Yes, nullptr);
  MpSetProcessHardening(facts.process, context, facts.image_name);
  MpSetProcessHardeningExclusion(context, facts.image_name);
}

void handle_create(const ProcessEventFacts& facts) {
  if (facts.access_denied) *facts.access_denied = FALSE;
  KernelHandle token;
  const CreateParameters parameters = {facts.image_name, facts.command_line, facts.parent_process_id, &token};
  ContextReference context;
  const NTSTATUS status = MpCreateProcessContext(facts.process_id, PsGetProcessCreateTimeQuadPart(facts.process),
                                                 &parameters, context.put());
  if (!NT_SUCCESS(status)) {
    trace_error("no context for new process %p: status %08X; its start is not notified", facts.process_id, status);
    return;
  }
  const bool threads_checked = mp_data(&defender::MpDataLayout::SetCreateThreadNotifyRoutineEx) != 0;
  set_flags(context.get(), defender::flag::NewProcess | (threads_checked ? defender::flag::ThreadExCheckPending : 0));
  if (mp_data_has(&defender::MpDataLayout::MarkParents) && mp_data(&defender::MpDataLayout::MarkParents)) {
    mark_parent(facts.parent_process_id);
  }

  classify(facts, context.get());

  const SiteFrame site = {.process = facts.process,
                          .process_id = facts.process_id,
                          .parent_process_id = facts.parent_process_id,
                          .image_name = facts.image_name,
                          .command_line = facts.command_line,
                          .access_denied = facts.access_denied,
                          .creator = current_process(),
                          .context = context.get()};
  if (MpProfile->create_order == CreateOrder::NotifyThenAsk) notify_created(site);
  MpSendProcessMessage({.process = facts.process,
                        .context = context.get(),
                        .kind = ProcessEvent::Create,
                        .token = token.get(),
                        .parent_process_id = facts.parent_process_id,
                        .image_name = facts.image_name,
                        .command_line = facts.command_line,
                        .message_flags = message_flags(facts, context.get()),
                        .creator = site.creator,
                        .access_denied = facts.access_denied});
  if (MpProfile->create_order == CreateOrder::AskThenNotify) notify_created(site);
}

void handle_exit(const ProcessEventFacts& facts) {
  // A snapshot being taken must not lose this process between its enumeration and its lookup.
  if (!KeReadStateEvent(enumeration_done())) {
    KeWaitForSingleObject(enumeration_done(), Executive, KernelMode, FALSE, nullptr);
  }
  ContextReference context;
  const NTSTATUS status = MpGetProcessContextById(facts.process_id, context.put());
  if (!NT_SUCCESS(status)) {
    trace_info("exit of unknown process %p: status %08X", facts.process_id, status);
    return;
  }
  context_flags(context.get()).fetch_or(defender::flag::Terminating);
  MpDeleteProcessContext(context.get());
  notify_terminated({.process = facts.process,
                     .process_id = facts.process_id,
                     .parent_process_id = nullptr,
                     .image_name = nullptr,
                     .command_line = nullptr,
                     .access_denied = nullptr,
                     .creator = {},
                     .context = context.get()});
  if (context_flags(context.get()).load() & defender::flag::EngineProcess) return;
  MpSendProcessMessage({.process = facts.process, .context = context.get(), .kind = ProcessEvent::Exit});
}

}  // namespace

void MpHandleProcessNotification(const ProcessEventFacts& facts) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  fix_system_create_time();
  if (facts.kind == ProcessEvent::Create) {
    handle_create(facts);
  } else {
    handle_exit(facts);
  }
}

}  // namespace wdscope::notifier
