// SPDX-License-Identifier: MIT
#include "notifier/hardening_exclusion.h"

#include <atomic>

#include "abi/defender/flags.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/counted_string.h"
#include "notifier/exclusions.h"
#include "notifier/file_name.h"
#include "notifier/hardening_table.h"
#include "notifier/known_process.h"
#include "notifier/path.h"
#include "notifier/pool_tag.h"
#include "notifier/process_context_list.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

namespace state = defender::state;
using defender::HARDENING_EXCLUSION;
using defender::HARDENING_EXCLUSION_DATA;

constexpr std::uint8_t kProtectionTypeMask = 0x07;
constexpr std::uint8_t kAntimalwareSigner = 3;
constexpr std::uint8_t kLastAntimalwareSigner = 7;
// assumed: the 1910 list holds MpCmdRun too, and every other name of its kind has this mask.
constexpr std::uint32_t kMpCmdRunMask1910 = defender::flag::Friendly;

std::atomic_ref<defender::KernelAddress> published_data() {
  return std::atomic_ref<defender::KernelAddress>(MpProcessExclusion->HardeningData);
}

HARDENING_EXCLUSION_DATA* hardening_data() {
  return as_pointer<HARDENING_EXCLUSION_DATA>(published_data().load());
}

// Every process that starts is looked for in the table, whose entries stand apart in the pool, a cache miss or two
// each. All are paths of one folder, so the first units behind it tell most images that none is theirs. Written before
// the table is published, by all who make it alike.
constinit std::atomic<std::uint64_t> table_beginnings{0};
constinit std::atomic<std::uint32_t> table_folder_units{0};

// One bit, the same for paths whose units at `at` are equal without case; all bits where ASCII alone cannot tell.
std::uint64_t beginning_of(const UNICODE_STRING& path, std::uint32_t at) {
  constexpr unsigned kBeyondAscii = 0x80, kLetter = 0x1F;
  constexpr std::uint64_t kEveryBeginning = ~std::uint64_t{0};
  if (path.Length / sizeof(WCHAR) < at + 2) return kEveryBeginning;
  const unsigned first = path.Buffer[at], second = path.Buffer[at + 1];
  if ((first | second) >= kBeyondAscii) return kEveryBeginning;
  return std::uint64_t{1} << ((first & kLetter) << 1 ^ (second & kLetter));
}

void note_beginnings(const HARDENING_EXCLUSION_DATA* data) {
  const std::uint32_t folder_units = system32_length() / sizeof(WCHAR);
  std::uint64_t beginnings = 0;
  for (defender::KernelAddress at = data->Entries.flink; at != as_address(&data->Entries);) {
    const auto* const entry = as_pointer<const HARDENING_EXCLUSION>(at);
    beginnings |= beginning_of(*as_pointer<UNICODE_STRING>(entry->Path), folder_units);
    at = entry->Links.flink;
  }
  table_folder_units.store(folder_units);
  table_beginnings.store(beginnings);
}

// Calls `visit(path)` from the head on until it says true, which it may of what `image_name` begins with alone; gives
// that entry, or null.
template <class Visit>
HARDENING_EXCLUSION* find_entry(HARDENING_EXCLUSION_DATA* data, const UNICODE_STRING& image_name, Visit visit) {
  if (!(table_beginnings.load() & beginning_of(image_name, table_folder_units.load()))) return nullptr;
  const defender::KernelAddress head = as_address(&data->Entries);
  for (defender::KernelAddress at = data->Entries.flink; at != head;) {
    auto* const entry = as_pointer<HARDENING_EXCLUSION>(at);
    at = entry->Links.flink;
    if (visit(*as_pointer<UNICODE_STRING>(entry->Path))) return entry;
  }
  return nullptr;
}

std::uint32_t bits_of(const HARDENING_EXCLUSION& entry) {
  return (entry.Kinds.Registry ? state::RegistryHardeningExcluded : 0) |
         (entry.Kinds.File ? state::FileHardeningExcluded : 0) |
         (entry.Kinds.Object ? state::ObjectHardeningExcluded : 0);
}

void exclude_1910(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  if (!is_present(image_name) || !NT_SUCCESS(MpCreateProcessHardeningExcludeDataIfNeeded())) return;
  HARDENING_EXCLUSION_DATA* const data = hardening_data();
  const HARDENING_EXCLUSION* const entry =
      find_entry(data, *image_name, [&](const UNICODE_STRING& path) { return equal_names(path, *image_name); });
  if (entry) {
    context_flags(context).fetch_or(entry->Mask);
  } else if (equal_names(*as_pointer<UNICODE_STRING>(data->MpCmdRun), *image_name)) {
    context_flags(context).fetch_or(kMpCmdRunMask1910);
  }
}

// The three bits for a process of 25080 and later.
std::uint32_t decide(defender::MP_PROCESS_CONTEXT_25080* context, PCUNICODE_STRING image_name) {
  constexpr std::uint32_t kDefault = state::HardeningExclusions;
  if (is_antimalware_protected(context)) return kDefault;
  const std::uint32_t rules3 = std::atomic_ref<std::uint32_t>(context->ProcessRules3).load();
  if (is_trusted_installer(context) && !(rules3 & kWithdrawTrustedInstallerExclusion)) return kDefault;
  if (!image_name) return kDefault;
  if (!is_present(image_name)) return context->Common.SubsystemInformation ? 0 : kDefault;
  if (!NT_SUCCESS(MpCreateProcessHardeningExcludeDataIfNeeded())) return kDefault;
  HARDENING_EXCLUSION_DATA* const data = hardening_data();
  if (data->Entries.flink == as_address(&data->Entries)) return kDefault;
  const HARDENING_EXCLUSION* const entry =
      find_entry(data, *image_name, [&](const UNICODE_STRING& path) { return has_prefix(*image_name, path); });
  if (entry) return bits_of(*entry);
  return equal_names(*as_pointer<UNICODE_STRING>(data->MpCmdRun), *image_name) ? kDefault : 0;
}

}  // namespace

NTSTATUS MpCreateProcessHardeningExcludeDataIfNeeded() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (hardening_data()) return STATUS_SUCCESS;
  HARDENING_EXCLUSION_DATA* data = nullptr;
  const NTSTATUS status = make_hardening_table(&data);
  if (!NT_SUCCESS(status)) {
    trace_error("no table of hardening exclusions: status %08X", status);
    return status;
  }
  note_beginnings(data);
  defender::KernelAddress none = 0;
  if (!published_data().compare_exchange_strong(none, as_address(data))) free_hardening_table(data);
  return STATUS_SUCCESS;
}

void MpSetProcessHardeningExclusion(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (auto* const tail = tail_of(context)) {
    store_hardening_exclusions(tail, decide(tail, image_name));
  } else {
    exclude_1910(context, image_name);
  }
}

NTSTATUS reset_hardening_exclusions() {
  return for_each_process_context(MissingContexts::Skip, [](MP_PROCESS_CONTEXT* context) {
    MpSetProcessHardeningExclusion(context, image_name_of(context));
  });
}

void free_hardening_exclusions() {
  if (HARDENING_EXCLUSION_DATA* const data = hardening_data()) free_hardening_table(data);
  published_data().store(0);
}

bool is_antimalware_protected(defender::MP_PROCESS_CONTEXT_25080* context) {
  const std::uint8_t protection = context->Common.Protection;
  const std::uint8_t signer = protection >> 4;
  const std::uint32_t known = std::atomic_ref<std::uint32_t>(context->State).load();
  return (known & state::ProtectionValid) && (protection & kProtectionTypeMask) && signer >= kAntimalwareSigner &&
         signer <= kLastAntimalwareSigner;
}

void store_hardening_exclusions(defender::MP_PROCESS_CONTEXT_25080* context, std::uint32_t bits) {
  std::atomic_ref<std::uint32_t> word(context->State);
  std::uint32_t old = word.load();
  while ((old & state::HardeningExclusions) != bits &&
         !word.compare_exchange_weak(old, (old & ~state::HardeningExclusions) | bits)) {
  }
}

}  // namespace wdscope::notifier
