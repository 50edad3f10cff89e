// SPDX-License-Identifier: MIT
// The commands about single processes and their hardening: friendly, taint, reset, TrustedInstaller.
#include "abi/defender/flags.h"
#include "notifier/command.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/known_process.h"
#include "notifier/message.h"
#include "notifier/process_context_list.h"

namespace wdscope::notifier {
namespace {

constexpr std::uint32_t kFriendly = 1;

HANDLE id_of(std::uint64_t process_id) {
  return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(process_id));
}

std::uint32_t state_bits(std::uint32_t flags) {
  namespace state = defender::state;
  return (flags & 1 ? state::RegistryHardeningExcluded : 0) | (flags & 2 ? state::FileHardeningExcluded : 0) |
         (flags & 4 ? state::ObjectHardeningExcluded : 0);
}

}  // namespace

NTSTATUS register_friendly_process(const CommandBytes& command) {
  defender::REGISTER_FRIENDLY_PROCESS request;
  if (!command.read(0, &request) || request.Value != kFriendly) return STATUS_INVALID_PARAMETER;
  ContextReference context;
  const NTSTATUS status = MpGetProcessContextById(id_of(request.ProcessId), context.put());
  if (!NT_SUCCESS(status)) return status;
  if (auto* const tail = tail_of(context.get())) {
    store_hardening_exclusions(tail, defender::state::HardeningExclusions);
  } else {
    context_flags(context.get()).fetch_or(defender::flag::Friendly);
  }
  return STATUS_SUCCESS;
}

NTSTATUS taint_process(const CommandBytes& command) {
  defender::TAINT_PROCESS request;
  if (!command.read(0, &request)) return STATUS_INVALID_PARAMETER;
  ContextReference context;
  const NTSTATUS status =
      MpGetProcessContextByIdAndCreationTime(id_of(request.ProcessId), request.CreateTime, context.put());
  if (!NT_SUCCESS(status)) return status;
  context_flags(context.get()).fetch_and(~defender::flag::Excluded);
  send_taint_message(context.get(), request.Reason);
  return STATUS_SUCCESS;
}

NTSTATUS reset_all_hardening_exclusions(const CommandBytes&) {
  return reset_hardening_exclusions();
}

NTSTATUS set_trusted_installer_flags(const CommandBytes& command) {
  defender::SET_TRUSTED_INSTALLER_FLAGS request;
  if (!command.read(0, &request) || request.Flags > defender::kHighestTrustedInstallerFlags) {
    return STATUS_INVALID_PARAMETER;
  }
  return for_each_process_context(MissingContexts::Skip, [&](MP_PROCESS_CONTEXT* context) {
    auto* const tail = tail_of(context);
    if (!is_trusted_installer(tail)) return;
    const std::uint32_t rules3 = std::atomic_ref<std::uint32_t>(tail->ProcessRules3).load();
    store_hardening_exclusions(tail, rules3 & kWithdrawTrustedInstallerExclusion ? 0 : state_bits(request.Flags));
  });
}

}  // namespace wdscope::notifier
