// SPDX-License-Identifier: MIT
// A snapshot of all processes' contexts. While one is being taken, exiting processes wait, so that none is lost between
// NT's enumeration and our lookup. Source: research wdfilter-research (25080).
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

enum class MissingContexts { Skip, Create };

// PASSIVE_LEVEL. *head gets the address of the first entry's Next member, 0 for an empty list; entries stand in the
// reverse order of NT's enumeration. Each owns one reference. A process that has gone is skipped; a context that cannot
// be created, or memory that is out, ends the call with that status and an empty list.
[[nodiscard]] NTSTATUS MpGetProcessContextList(defender::KernelAddress* head, MissingContexts missing);

// Releases one entry's context and the entry; gives the next head.
defender::KernelAddress MpReleaseProcessContextListEntry(defender::KernelAddress entry);

// The context of the entry that a head or a Next member leads to; the entry keeps its reference.
MP_PROCESS_CONTEXT* context_in(defender::KernelAddress entry);

// Calls `visit(context)` for each entry of a fresh list, then releases the entry. No lock is held.
template <class Visit>
[[nodiscard]] NTSTATUS for_each_process_context(MissingContexts missing, Visit visit) {
  defender::KernelAddress entry = 0;
  const NTSTATUS status = MpGetProcessContextList(&entry, missing);
  if (!NT_SUCCESS(status)) return status;
  while (entry) {
    visit(context_in(entry));
    entry = MpReleaseProcessContextListEntry(entry);
  }
  return STATUS_SUCCESS;
}

// Set once the System process's context has its true creation time (it is 0 early in the boot).
extern std::atomic<bool> MpSystemTimeFixed;

}  // namespace wdscope::notifier
