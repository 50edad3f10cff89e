// SPDX-License-Identifier: MIT
// MP_PROCESS_CONTEXT: making one, its references, and its end. Source: research wdfilter-research (25080).
//
// References: one for the table, one for each successful lookup or creation result, one for each list entry. The
// table's counters fall when the last reference goes, not when the process exits.
#pragma once

#include <atomic>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"
#include "notifier/kernel_handle.h"
#include "notifier/process_table.h"

namespace wdscope::notifier {

// What the create path knows of the new process. Either string may be null or empty: NT is asked instead.
struct CreateParameters {
  PCUNICODE_STRING image_name;
  PCUNICODE_STRING command_line;
  HANDLE parent_process_id;
  KernelHandle* token = nullptr;  // gets the handle on the process's token, where one is opened; null: not wanted
};

// PASSIVE_LEVEL. The context of (process_id, create_time), made if the table lacks it, with one reference for the
// caller. `parameters` may be null. Fatal: no such process, no handle, no image name, no subsystem information (where
// the system has it), no protection (where the system always has it), no memory; the failed query's status is returned.
[[nodiscard]] NTSTATUS MpCreateProcessContext(HANDLE process_id, LONGLONG create_time,
                                              const CreateParameters* parameters, MP_PROCESS_CONTEXT** context);

// <= APC_LEVEL. Takes it out of the table and gives back the table's reference; the caller must hold one of its own.
void MpDeleteProcessContext(MP_PROCESS_CONTEXT* context);

// <= APC_LEVEL, no lock held. The last release takes the context out of the counters and frees it.
void MpReleaseProcessContext(MP_PROCESS_CONTEXT* context);

// Gives doc rule, strings and block back, without regard to references and counters.
void MpFreeProcessContext(MP_PROCESS_CONTEXT* context);

void reference_context(MP_PROCESS_CONTEXT* context);

inline std::atomic_ref<std::uint32_t> context_flags(MP_PROCESS_CONTEXT* context) {
  return std::atomic_ref<std::uint32_t>(context->ProcessFlags);
}
// Most changes of flags change nothing: only the others pay for being atomic.
inline void set_flags(MP_PROCESS_CONTEXT* context, std::uint32_t bits) {
  if ((context_flags(context).load() & bits) != bits) context_flags(context).fetch_or(bits);
}
inline void clear_flags(MP_PROCESS_CONTEXT* context, std::uint32_t bits) {
  if ((context_flags(context).load() & bits) != 0) context_flags(context).fetch_and(~bits);
}
// The rule words are overwritten whole at any time.
inline std::uint32_t rules_of(MP_PROCESS_CONTEXT* context) {
  return std::atomic_ref<std::uint32_t>(context->ProcessRules).load();
}
inline std::uint32_t rules2_of(MP_PROCESS_CONTEXT* context) {
  return std::atomic_ref<std::uint32_t>(context->ProcessRules2).load();
}
inline HANDLE process_id_of(const MP_PROCESS_CONTEXT* context) {
  return reinterpret_cast<HANDLE>(context->ProcessId);
}
inline PUNICODE_STRING image_name_of(const MP_PROCESS_CONTEXT* context) {
  return as_pointer<UNICODE_STRING>(context->ImageName);
}
inline PUNICODE_STRING command_line_of(const MP_PROCESS_CONTEXT* context) {
  return as_pointer<UNICODE_STRING>(context->CommandLine);
}
// The members behind 0xC0, or null for a profile without them.
inline defender::MP_PROCESS_CONTEXT_25080* tail_of(MP_PROCESS_CONTEXT* context) {
  return MpProfile->has_context_tail() ? reinterpret_cast<defender::MP_PROCESS_CONTEXT_25080*>(context) : nullptr;
}

inline defender::KnownProcessType known_type_of(defender::MP_PROCESS_CONTEXT_25080* context) {
  return static_cast<defender::KnownProcessType>(std::atomic_ref<std::uint32_t>(context->KnownProcessType).load());
}

// One reference on a context, owned.
class ContextReference {
 public:
  ContextReference() = default;
  ContextReference(const ContextReference&) = delete;
  ContextReference& operator=(const ContextReference&) = delete;
  ~ContextReference() {
    if (context_) MpReleaseProcessContext(context_);
  }
  MP_PROCESS_CONTEXT* get() const { return context_; }
  MP_PROCESS_CONTEXT* operator->() const { return context_; }
  MP_PROCESS_CONTEXT** put() { return &context_; }

 private:
  MP_PROCESS_CONTEXT* context_ = nullptr;
};

}  // namespace wdscope::notifier
