// SPDX-License-Identifier: MIT
// Which processes WdFilter's own hardening (registry, files, objects) leaves alone. 1910: a mask in ProcessFlags;
// later: three bits of State. Source: research wdfilter-research (25080), WdFilter-Research (1910).
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. Makes the table at first need, all of it or nothing; of two that make it at once one wins. No lock.
// STATUS_INSUFFICIENT_RESOURCES.
[[nodiscard]] NTSTATUS MpCreateProcessHardeningExcludeDataIfNeeded();

// PASSIVE_LEVEL, no lock held, the caller holds a reference on the context. 1910: a process of the table gets its mask.
// Later: the three bits become what its kind, its protection or the table say; without a table they are all set.
// The name may be null.
void MpSetProcessHardeningExclusion(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);

// PASSIVE_LEVEL, no lock held. Decides them anew for every known process. The enumeration's status.
[[nodiscard]] NTSTATUS reset_hardening_exclusions();

// Frees the table; nobody may use it any more. For stop_process_exclusions, whose root holds it.
void free_hardening_exclusions();

// Whether an anti-malware service protects the process: a known, protected process whose signer is 3 to 7.
bool is_antimalware_protected(defender::MP_PROCESS_CONTEXT_25080* context);

// Third rule word: the family loses its exclusion.
inline constexpr std::uint32_t kWithdrawTrustedInstallerExclusion = 0x04;

// Overwrites the three bits and no other of State. `bits`: of state::HardeningExclusions.
void store_hardening_exclusions(defender::MP_PROCESS_CONTEXT_25080* context, std::uint32_t bits);

}  // namespace wdscope::notifier
