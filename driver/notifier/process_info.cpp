// SPDX-License-Identifier: MIT
#include "notifier/process_info.h"

#include "abi/defender/flags.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/known_process.h"
#include "notifier/trust.h"

namespace wdscope::notifier {
namespace {

namespace state = defender::state;

// No member's value says anything of another's.
template <class T>
void store_whole(T& member, T value) {
  std::atomic_ref<T>(member).store(value, std::memory_order_relaxed);
}

// The 16 bytes lie aligned in the context; two services' blocks may mix by halves, as Defender's would.
void store_block(std::uint8_t (&member)[0x10], const std::uint8_t (&value)[0x10]) {
  std::uint64_t halves[2];
  RtlCopyMemory(halves, value, sizeof(halves));
  auto* const words = reinterpret_cast<std::uint64_t*>(member);
  store_whole<std::uint64_t>(words[0], halves[0]);
  store_whole<std::uint64_t>(words[1], halves[1]);
}

void apply_hardening(defender::MP_PROCESS_CONTEXT_25080* context, const defender::PROCESS_INFO_25080& info) {
  if (!info.HardeningValid || is_antimalware_protected(context)) return;
  std::uint32_t bits = 0;
  if (!is_trusted_installer(context) || !(info.Rules3 & kWithdrawTrustedInstallerExclusion)) {
    if (info.RegistryHardeningExcluded & 1) bits |= state::RegistryHardeningExcluded;
    if (info.FileHardeningExcluded & 1) bits |= state::FileHardeningExcluded;
    if (info.ObjectHardeningExcluded & 1) bits |= state::ObjectHardeningExcluded;
  }
  store_hardening_exclusions(context, bits);
}

template <class Info>
void apply_common(MP_PROCESS_CONTEXT* context, const Info& info) {
  store_whole<std::uint64_t>(context->CodeInjectionTargetMask, info.InjectionTargetMask);
  store_whole<std::uint64_t>(context->CodeInjectionRequestMask, info.InjectionRequestMask);
  store_block(context->HipRules, info.HipRules);
  store_block(context->HipRules1, info.HipRules1);
  store_block(context->InfoBlock3, info.InfoBlock3);
}

}  // namespace

void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_25080& info) {
  store_whole<std::uint32_t>(context->ProcessRules, info.Rules);
  store_whole<std::uint32_t>(context->ProcessRules2, info.Rules2);
  if (auto* const tail = tail_of(context)) {
    store_whole<std::uint32_t>(tail->ProcessRules3, info.Rules3);
    apply_hardening(tail, info);
    if (info.CloudSync == 1) set_known_type(tail, defender::KnownProcessType::CloudSyncProvider);
  }
  apply_common(context, info);
  MpUpdateProcessTrust(context);
}

void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_1910& info) {
  store_whole<std::uint32_t>(context->ProcessRules, info.Rules);
  apply_common(context, info);
  MpUpdateProcessTrust(context);
}

namespace {

constexpr std::uint32_t kSystemId = 4;
constexpr std::uint32_t kEngineRules = 0x7FF;  // among them: force trusted
constexpr std::uint64_t kAllRequests = ~std::uint64_t{0};

template <class Info>
NTSTATUS set_one(Info info) {
  if (info.ProcessId == 0) return STATUS_SUCCESS;
  const auto process_id = reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(info.ProcessId));
  ContextReference context;
  const NTSTATUS status = MpGetProcessContextByIdAndCreationTime(process_id, info.CreateTime, context.put());
  if (!NT_SUCCESS(status)) return status;
  if (context->ProcessId == mp_data_atomic(&defender::MpDataLayout::EngineProcessId).load()) {
    info.InjectionRequestMask = kAllRequests;
    info.Rules = kEngineRules;
  }
  if (info.ProcessId == kSystemId) {
    info.Rules |= defender::rule::AllRegistryAllowed;
    if constexpr (requires { info.RegistryHardeningExcluded; }) info.RegistryHardeningExcluded = 1;
  }
  MpSetProcessInfoByContext(context.get(), info);
  if (auto* const tail = tail_of(context.get())) {
    std::atomic_ref<std::uint32_t>(tail->InfoApplications).fetch_add(1);
  }
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS MpSetOneProcessInfo(const defender::PROCESS_INFO_25080& info) {
  return set_one(info);
}
NTSTATUS MpSetOneProcessInfo(const defender::PROCESS_INFO_1910& info) {
  return set_one(info);
}

}  // namespace wdscope::notifier
