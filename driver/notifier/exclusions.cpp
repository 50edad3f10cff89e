// SPDX-License-Identifier: MIT
#include "notifier/exclusions.h"

#include <utility>

#include "abi/defender/flags.h"
#include "kit/irql.h"
#include "kit/pool.h"
#include "notifier/counted_string.h"
#include "notifier/file_name.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/name_marks.h"
#include "notifier/pool_tag.h"
#include "notifier/process_context_list.h"
#include "notifier/trace.h"
#include "notifier/trust.h"

namespace wdscope::notifier {

MP_PROCESS_EXCLUSION* MpProcessExclusion;

namespace {

using defender::KernelAddress;
using defender::MpDataLayout;

constexpr std::uint32_t kExemptEngine = defender::flag::Excluded | defender::flag::EngineProcess;
constexpr std::uint32_t kTooLong = 0x10000;

MarkedEntries marked_exclusions;  // the list in force, under its lock

PERESOURCE exclusion_lock() {
  return reinterpret_cast<PERESOURCE>(MpProcessExclusion->Lock.bytes);
}

UNICODE_STRING* path_of(MP_PROCESS_EXCLUDED* entry) {
  return reinterpret_cast<UNICODE_STRING*>(&entry->Path);
}

void free_exclusions(KernelAddress head) {
  while (head) {
    auto* const entry = as_pointer<MP_PROCESS_EXCLUDED>(head);
    head = entry->Next;
    ExFreePoolWithTag(path_of(entry)->Buffer, pool_tag::kExclusionText);
    ExFreePoolWithTag(entry, pool_tag::kExclusion);
  }
}

bool contains_backslash(const UNICODE_STRING& text) {
  for (std::uint32_t unit = 0; unit < text.Length / sizeof(WCHAR); ++unit) {
    if (text.Buffer[unit] == L'\\') return true;
  }
  return false;
}

// "\*" at the end: only the asterisk goes, so that what is left still names a folder.
void mark_kind(MP_PROCESS_EXCLUDED* entry) {
  UNICODE_STRING* const path = path_of(entry);
  entry->NoBackslash = !contains_backslash(*path);
  const std::uint32_t units = path->Length / sizeof(WCHAR);
  if (path->Length >= defender::kMinimumWildcardSize && path->Buffer[units - 1] == L'*' &&
      path->Buffer[units - 2] == L'\\') {
    entry->Wildcard = 1;
    path->Length -= sizeof(WCHAR);
    path->Buffer[units - 1] = 0;
  }
}

bool matches(MP_PROCESS_EXCLUDED* entry, const UNICODE_STRING& image_name, const UNICODE_STRING& file_name) {
  const UNICODE_STRING& path = *path_of(entry);
  if (entry->NoBackslash) return equal_names(path, file_name);
  if (!entry->Wildcard) return equal_names(path, image_name);
  return has_prefix(image_name, path);
}

// The exclusion lock is held.
bool is_listed(const UNICODE_STRING& image_name, const UNICODE_STRING& file_name) {
  if (marked_exclusions.empty()) return false;
  NameMarks marks;
  marks.add(file_name);
  marks.add_with_folders(image_name);  // what is left of a wildcard ends with its backslash
  const KernelAddress entry = marked_exclusions.first(marks, [&](KernelAddress candidate) {
    return matches(as_pointer<MP_PROCESS_EXCLUDED>(candidate), image_name, file_name);
  });
  return entry != 0;
}

NTSTATUS mark_exclusions(KernelAddress head, MarkedEntries* marks) {
  std::uint32_t count = 0;
  for (KernelAddress at = head; at; at = as_pointer<MP_PROCESS_EXCLUDED>(at)->Next) ++count;
  const NTSTATUS status = marks->allocate(count);
  if (!NT_SUCCESS(status)) return status;
  for (KernelAddress at = head; at; at = as_pointer<MP_PROCESS_EXCLUDED>(at)->Next) {
    marks->add(mark_of(*path_of(as_pointer<MP_PROCESS_EXCLUDED>(at))), at);
  }
  return STATUS_SUCCESS;
}

std::atomic_ref<KernelAddress> exclusions_head() {
  return std::atomic_ref<KernelAddress>(MpProcessExclusion->Head);
}

void exempt_known(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  const std::uint64_t engine_id = mp_data_atomic(&MpDataLayout::EngineProcessId).load();
  if (engine_id && context->ProcessId == engine_id) {
    set_flags(context, kExemptEngine);
    return;
  }
  if (!is_present(image_name)) return;
  UNICODE_STRING file_name;
  if (!NT_SUCCESS(final_component(image_name, &file_name))) return;
  // An empty list excludes nobody. Whoever exchanges it goes through all processes afterwards.
  if (!exclusions_head().load() && !(context_flags(context).load() & defender::flag::Excluded)) return;
  const ResourceLock lock(exclusion_lock(), LockMode::Shared);
  if (is_listed(*image_name, file_name)) {
    set_flags(context, defender::flag::Excluded);
  } else {
    clear_flags(context, defender::flag::Excluded);
  }
}

void exempt_engine(PEPROCESS process, Exempt exempt) {
  ContextReference context;
  const NTSTATUS status =
      MpCreateProcessContext(PsGetProcessId(process), PsGetProcessCreateTimeQuadPart(process), nullptr, context.put());
  if (!NT_SUCCESS(status)) {
    trace_error("no context for the engine's process: status %08X", status);
    return;
  }
  if (exempt == Exempt::Yes) {
    context_flags(context.get()).fetch_or(kExemptEngine);
  } else {
    context_flags(context.get()).fetch_and(~defender::flag::Excluded);
  }
}

}  // namespace

NTSTATUS MpInitializeProcessExclusions() {
  auto* const exclusion = static_cast<MP_PROCESS_EXCLUSION*>(
      kit::allocate_zeroed(kit::Pool::NonPaged, sizeof(MP_PROCESS_EXCLUSION), pool_tag::kExclusions));
  if (!exclusion) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS status = ExInitializeResourceLite(reinterpret_cast<PERESOURCE>(exclusion->Lock.bytes));
  if (!NT_SUCCESS(status)) {
    ExFreePoolWithTag(exclusion, pool_tag::kExclusions);
    return status;
  }
  MpProcessExclusion = exclusion;
  return STATUS_SUCCESS;
}

void stop_process_exclusions() {
  if (!MpProcessExclusion) return;
  free_exclusions(MpProcessExclusion->Head);
  marked_exclusions.release();
  free_hardening_exclusions();
  ExDeleteResourceLite(exclusion_lock());
  ExFreePoolWithTag(MpProcessExclusion, pool_tag::kExclusions);
  MpProcessExclusion = nullptr;
}

void MpSetProcessExempt(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name, Exempt exempt, PEPROCESS process) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (context) {
    exempt_known(context, image_name);
  } else if (process) {
    exempt_engine(process, exempt);
  } else {
    trace_error("nobody to exempt");
  }
}

NTSTATUS MpUpdateProcessesWithExclusions() {
  return for_each_process_context(MissingContexts::Skip, [](MP_PROCESS_CONTEXT* context) {
    MpSetProcessExempt(context, image_name_of(context), Exempt::Yes, nullptr);
    MpUpdateProcessTrust(context);
  });
}

ExclusionList::~ExclusionList() {
  free_exclusions(head_);
}

NTSTATUS ExclusionList::push(const void* text, std::uint32_t length) {
  if (length >= kTooLong) return STATUS_INTEGER_OVERFLOW;
  auto* const entry = static_cast<MP_PROCESS_EXCLUDED*>(
      kit::allocate_zeroed(kit::Pool::Paged, sizeof(MP_PROCESS_EXCLUDED), pool_tag::kExclusion));
  if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
  void* const copy =
      kit::allocate_zeroed(kit::Pool::Paged, std::size_t{length} + sizeof(WCHAR), pool_tag::kExclusionText);
  if (!copy) {
    ExFreePoolWithTag(entry, pool_tag::kExclusion);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  RtlCopyMemory(copy, text, length);
  const std::uint32_t maximum = length + sizeof(WCHAR);
  *path_of(entry) = {static_cast<USHORT>(length), static_cast<USHORT>(maximum > MAXUSHORT ? length : maximum),
                     static_cast<PWSTR>(copy)};
  mark_kind(entry);
  entry->Next = head_;
  head_ = as_address(entry);
  return STATUS_SUCCESS;
}

NTSTATUS ExclusionList::exchange() {
  MarkedEntries marks;
  const NTSTATUS status = mark_exclusions(head_, &marks);
  if (!NT_SUCCESS(status)) return status;
  {
    const ResourceLock lock(exclusion_lock(), LockMode::Exclusive);
    head_ = exclusions_head().exchange(head_);
    std::swap(marked_exclusions, marks);
  }
  marks.release();
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
