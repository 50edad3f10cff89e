// SPDX-License-Identifier: MIT
#include "lab/process_info_entry.h"

#include "abi/defender/flags.h"

namespace wdscope {
namespace {

// The members that both generations have.
template <class Entry>
void set_common(Entry& entry, const CreateMessage& process, const Decision& decision, const ProcessInfoRule& info) {
  entry.ProcessId = process.process_id;
  entry.CreateTime = process.created_100ns;
  entry.Rules = info.rules | (decision.trust == Verdict::Trusted ? defender::rule::ForceTrusted : 0);
  // Unless the policy says otherwise as a context is created: what others may do to the process is restricted, what it
  // may ask for is not.
  entry.InjectionTargetMask = info.injection_target_mask;
  entry.InjectionRequestMask = info.injection_request_mask;
}

}  // namespace

void set_entry(defender::PROCESS_INFO_1910& entry, const CreateMessage& process, const Decision& decision) {
  set_common(entry, process, decision, decision.info.value_or(ProcessInfoRule{}));
}

void set_entry(defender::PROCESS_INFO_25080& entry, const CreateMessage& process, const Decision& decision) {
  const ProcessInfoRule info = decision.info.value_or(ProcessInfoRule{});
  set_common(entry, process, decision, info);
  entry.Rules2 = info.rules2;
  entry.Rules3 = info.rules3;
  entry.CloudSync = info.cloud_sync ? 1 : 0;
  if (!info.hardening_excluded) return;
  entry.HardeningValid = 1;
  entry.RegistryHardeningExcluded = info.hardening_excluded->registry ? 1 : 0;
  entry.FileHardeningExcluded = info.hardening_excluded->file ? 1 : 0;
  entry.ObjectHardeningExcluded = info.hardening_excluded->object ? 1 : 0;
}

}  // namespace wdscope
