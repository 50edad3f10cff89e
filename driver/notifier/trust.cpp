// SPDX-License-Identifier: MIT
#include "notifier/trust.h"

#include "abi/defender/flags.h"
#include "notifier/message.h"
#include "notifier/notification.h"

namespace wdscope::notifier {

namespace flag = defender::flag;
namespace rule = defender::rule;

void MpSetTrustedProcess(MP_PROCESS_CONTEXT* context) {
  bool changed = false;
  bool none_untrusted = false;
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    changed = !(context_flags(context).fetch_or(flag::Trusted) & flag::Trusted);
    if (changed) {
      ++MpProcessTable->TrustedCount;
      none_untrusted = --MpProcessTable->UntrustedCount == 0;
    }
  }
  if (none_untrusted) MpSendTrustedProcessMessage(UntrustedLeft::None, nullptr);
  if (changed) notify_set_trusted(context);
}

void MpSetUntrustedProcess(MP_PROCESS_CONTEXT* context) {
  bool changed = false;
  std::uint32_t untrusted = 0;
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    changed = context_flags(context).fetch_and(~flag::Trusted) & flag::Trusted;
    if (changed) {
      ++MpProcessTable->UntrustedCount;
      --MpProcessTable->TrustedCount;
    }
    untrusted = MpProcessTable->UntrustedCount;
  }
  if (untrusted == 1) MpSendTrustedProcessMessage(UntrustedLeft::One, image_name_of(context));
  if (changed) notify_set_untrusted(context);
}

bool MpShouldSendBmMessage(MP_PROCESS_CONTEXT* context) {
  if (!context) return false;
  const std::uint32_t flags = context_flags(context).load();
  const bool although_excluded = rules_of(context) & rule::MonitorAlthoughExcluded;
  if ((flags & flag::EngineProcess) && although_excluded) return false;
  return !(flags & flag::Excluded) || although_excluded;
}

void MpUpdateProcessTrust(MP_PROCESS_CONTEXT* context) {
  const std::uint32_t flags = context_flags(context).load();
  const bool trusted = (rules_of(context) & rule::ForceTrusted) || !MpShouldSendBmMessage(context) ||
                       (flags & (flag::EngineProcess | flag::DefenderServiceSid));
  if (trusted) {
    MpSetTrustedProcess(context);
  } else {
    MpSetUntrustedProcess(context);
  }
}

}  // namespace wdscope::notifier
