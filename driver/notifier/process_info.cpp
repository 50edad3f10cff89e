// SPDX-License-Identifier: MIT
#include "notifier/process_info.h"

#include "abi/defender/flags.h"
#include "notifier/trust.h"

namespace wdscope::notifier {
namespace {

namespace state = defender::state;

constexpr std::uint32_t kWithdrawTrustedInstallerExclusion = 0x04;  // third rule word
constexpr std::uint8_t kProtectionTypeMask = 0x07;
constexpr std::uint8_t kAntimalwareSigner = 3;
constexpr std::uint8_t kLastAntimalwareSigner = 7;

template <class T>
void store_whole(T& member, T value) {
  std::atomic_ref<T>(member).store(value);
}

// Anti-malware protection: a known, protected process whose signer is 3 to 7.
bool antimalware_protected(const defender::MP_PROCESS_CONTEXT_25080* context) {
  const std::uint8_t protection = context->Common.Protection;
  const std::uint8_t signer = protection >> 4;
  return (context->State & state::ProtectionValid) && (protection & kProtectionTypeMask) &&
         signer >= kAntimalwareSigner && signer <= kLastAntimalwareSigner;
}

void apply_hardening(defender::MP_PROCESS_CONTEXT_25080* context, const defender::PROCESS_INFO_25080& info) {
  if (!info.HardeningValid || antimalware_protected(context)) return;
  const auto type = static_cast<defender::KnownProcessType>(context->KnownProcessType);
  const bool installer =
      type == defender::KnownProcessType::TrustedInstaller || type == defender::KnownProcessType::TrustedInstallerChild;
  std::uint32_t bits = 0;
  if (!installer || !(context->ProcessRules3 & kWithdrawTrustedInstallerExclusion)) {
    if (info.RegistryHardeningExcluded & 1) bits |= state::RegistryHardeningExcluded;
    if (info.FileHardeningExcluded & 1) bits |= state::FileHardeningExcluded;
    if (info.ObjectHardeningExcluded & 1) bits |= state::ObjectHardeningExcluded;
  }
  context->State = (context->State & ~state::HardeningExclusions) | bits;
}

template <class Info>
void apply_common(MP_PROCESS_CONTEXT* context, const Info& info) {
  store_whole<std::uint64_t>(context->CodeInjectionTargetMask, info.InjectionTargetMask);
  store_whole<std::uint64_t>(context->CodeInjectionRequestMask, info.InjectionRequestMask);
  RtlCopyMemory(context->HipRules, info.HipRules, sizeof(context->HipRules));
  RtlCopyMemory(context->HipRules1, info.HipRules1, sizeof(context->HipRules1));
  RtlCopyMemory(context->InfoBlock3, info.InfoBlock3, sizeof(context->InfoBlock3));
}

}  // namespace

void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_25080& info) {
  store_whole<std::uint32_t>(context->ProcessRules, info.Rules);
  store_whole<std::uint32_t>(context->ProcessRules2, info.Rules2);
  if (auto* const tail = tail_of(context)) {
    store_whole<std::uint32_t>(tail->ProcessRules3, info.Rules3);
    apply_hardening(tail, info);
    if (info.CloudSync == 1) {
      tail->KnownProcessType = static_cast<std::uint32_t>(defender::KnownProcessType::CloudSyncProvider);
    }
  }
  apply_common(context, info);
  MpUpdateProcessTrust(context);
}

void MpSetProcessInfoByContext(MP_PROCESS_CONTEXT* context, const defender::PROCESS_INFO_1910& info) {
  store_whole<std::uint32_t>(context->ProcessRules, info.Rules);
  apply_common(context, info);
  MpUpdateProcessTrust(context);
}

}  // namespace wdscope::notifier
