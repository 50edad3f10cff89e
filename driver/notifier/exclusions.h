// SPDX-License-Identifier: MIT
// MpProcessExclusion: the processes that the service excludes, and what being excluded means for a context (flag 1).
// Source: research wdfilter-research (25080); 1910 in outline.
//
// Lock rule: the exclusion lock guards the list alone and is independent of the others; nothing is called out to while
// it is held.
#pragma once

#include "abi/defender/exclusions.h"
#include "notifier/process_table.h"

namespace wdscope::notifier {

using defender::MP_PROCESS_EXCLUDED;
using defender::MP_PROCESS_EXCLUSION;

extern MP_PROCESS_EXCLUSION* MpProcessExclusion;  // null before initialisation and after the stop

// PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES.
[[nodiscard]] NTSTATUS MpInitializeProcessExclusions();
// PASSIVE_LEVEL. Frees the list, the hardening data and the root. Nothing happens when it is not there.
void stop_process_exclusions();

enum class Exempt { No, Yes };

// PASSIVE_LEVEL, no lock held. With a context (the caller holds a reference): flags 9 for the engine's own process;
// else flag 1 goes on when the list has `image_name` and off when it has not; a null, empty or unparsable name leaves
// it. Without a context, the engine's connect and disconnect: `process`'s context, made if there is none, gets flags 9
// for Yes and loses flag 1 for No.
void MpSetProcessExempt(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name, Exempt exempt, PEPROCESS process);

// PASSIVE_LEVEL, no lock held. Judges every known process anew, exemption and trust, which may notify for each. A
// failed enumeration's status: then processes keep what they had.
[[nodiscard]] NTSTATUS MpUpdateProcessesWithExclusions();

// Exclusions on their way into force: owned, not visible to anybody. <= APC_LEVEL.
class ExclusionList {
 public:
  ExclusionList() = default;
  ExclusionList(const ExclusionList&) = delete;
  ExclusionList& operator=(const ExclusionList&) = delete;
  ~ExclusionList();

  // Pushes one text at the front. STATUS_INSUFFICIENT_RESOURCES; STATUS_INTEGER_OVERFLOW for 0x10000 bytes or more.
  [[nodiscard]] NTSTATUS push(const void* text, std::uint32_t length);
  // Exchanges the list in force, under the exclusion lock; what was in force is this list's now. PASSIVE_LEVEL.
  // STATUS_INSUFFICIENT_RESOURCES: both stay as they were.
  [[nodiscard]] NTSTATUS exchange();

 private:
  defender::KernelAddress head_ = 0;
};

}  // namespace wdscope::notifier
