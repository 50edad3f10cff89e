// SPDX-License-Identifier: MIT
#include "notifier/hardening_table.h"

#include "kit/pool.h"
#include "notifier/mp_data.h"
#include "notifier/path.h"
#include "notifier/pool_tag.h"

namespace wdscope::notifier {
namespace {

using defender::HARDENING_EXCLUSION;
using defender::HARDENING_EXCLUSION_DATA;

constexpr std::uint32_t kRegistryKind = 1;
constexpr std::uint32_t kFileKind = 2;
constexpr std::uint32_t kObjectKind = 4;
constexpr std::uint32_t kAllKinds = 7;

// Selectors of the 1910 table.
constexpr std::uint8_t kEverySystem = 4;
constexpr std::uint8_t kNewerSystem = 2;
constexpr std::uint8_t kOlderSystem = 1;

void free_text(defender::KernelAddress text, ULONG tag) {
  if (text) ExFreePoolWithTag(as_pointer<void>(text), tag);
}

// Pushes an entry at the front, so that the stored order is the reverse of the table's.
HARDENING_EXCLUSION* push_image(HARDENING_EXCLUSION_DATA* data, const UNICODE_STRING& name) {
  auto* const entry = static_cast<HARDENING_EXCLUSION*>(
      kit::allocate_zeroed(kit::Pool::Paged, sizeof(HARDENING_EXCLUSION), pool_tag::kHardeningEntry));
  if (!entry) return nullptr;
  PUNICODE_STRING const path = system32_path(name, pool_tag::kHardeningText);
  if (!path) {
    ExFreePoolWithTag(entry, pool_tag::kHardeningEntry);
    return nullptr;
  }
  entry->Path = as_address(path);
  InsertHeadList(reinterpret_cast<LIST_ENTRY*>(&data->Entries), reinterpret_cast<LIST_ENTRY*>(&entry->Links));
  return entry;
}

NTSTATUS fill_1910(HARDENING_EXCLUSION_DATA* data) {
  const bool newer = mp_data(&defender::MpDataLayout::OsVersionMask) & defender::os_version::Windows10;
  const std::uint8_t selected = kEverySystem | (newer ? kNewerSystem : kOlderSystem);
  for (const defender::HardeningName& row : defender::kHardeningNames1910) {
    if (!(row.selector & selected)) continue;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, reinterpret_cast<PCWSTR>(row.name));
    HARDENING_EXCLUSION* const entry = push_image(data, name);
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    entry->Mask = row.mask;
  }
  return STATUS_SUCCESS;
}

NTSTATUS fill_25080(HARDENING_EXCLUSION_DATA* data) {
  UNICODE_STRING rest = MpParameters.hardening_table.view();
  while (rest.Length) {
    HardeningRow row;
    if (!take_hardening_row(&rest, &row)) return STATUS_INVALID_PARAMETER;
    HARDENING_EXCLUSION* const entry = push_image(data, row.name);
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    entry->Kinds = {(row.kinds & kRegistryKind) != 0, (row.kinds & kFileKind) != 0, (row.kinds & kObjectKind) != 0};
  }
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS make_hardening_table(HARDENING_EXCLUSION_DATA** data) {
  auto* const made = static_cast<HARDENING_EXCLUSION_DATA*>(
      kit::allocate_zeroed(kit::Pool::Paged, sizeof(HARDENING_EXCLUSION_DATA), pool_tag::kExclusions));
  if (!made) return STATUS_INSUFFICIENT_RESOURCES;
  InitializeListHead(reinterpret_cast<LIST_ENTRY*>(&made->Entries));
  made->MpCmdRun = as_address(product_path(pool_tag::kMpCmdRun));
  NTSTATUS status = made->MpCmdRun ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
  if (NT_SUCCESS(status)) status = MpProfile->has_context_tail() ? fill_25080(made) : fill_1910(made);
  if (!NT_SUCCESS(status)) {
    free_hardening_table(made);
    return status;
  }
  *data = made;
  return STATUS_SUCCESS;
}

void free_hardening_table(HARDENING_EXCLUSION_DATA* data) {
  auto* const head = reinterpret_cast<LIST_ENTRY*>(&data->Entries);
  while (!IsListEmpty(head)) {
    auto* const entry = reinterpret_cast<HARDENING_EXCLUSION*>(RemoveHeadList(head));
    free_text(entry->Path, pool_tag::kHardeningText);
    ExFreePoolWithTag(entry, pool_tag::kHardeningEntry);
  }
  free_text(data->MpCmdRun, pool_tag::kMpCmdRun);
  ExFreePoolWithTag(data, pool_tag::kExclusions);
}

bool take_hardening_row(UNICODE_STRING* rest, HardeningRow* row) {
  const std::uint32_t units = rest->Length / sizeof(WCHAR);
  std::uint32_t equals = 0;
  while (equals < units && rest->Buffer[equals] != L'=' && rest->Buffer[equals] != L',') ++equals;
  if (equals == 0 || equals + 1 >= units || rest->Buffer[equals] != L'=') return false;
  const WCHAR kinds = rest->Buffer[equals + 1];
  if (kinds < L'0' || kinds > static_cast<WCHAR>(L'0' + kAllKinds)) return false;
  std::uint32_t used = equals + 2;
  if (used < units) {
    // A comma parts rows: it never ends the last.
    if (rest->Buffer[used] != L',' || used + 1 == units) return false;
    ++used;
  }
  const auto name_length = static_cast<USHORT>(equals * sizeof(WCHAR));
  *row = {{name_length, name_length, rest->Buffer}, static_cast<std::uint32_t>(kinds - L'0')};
  rest->Buffer += used;
  rest->Length = static_cast<USHORT>((units - used) * sizeof(WCHAR));
  rest->MaximumLength = rest->Length;
  return true;
}

}  // namespace wdscope::notifier
