// SPDX-License-Identifier: MIT
#include "notifier/process_table.h"

#include "abi/defender/flags.h"
#include "kit/pool.h"
#include "notifier/kernel_handle.h"
#include "notifier/pool_tag.h"
#include "notifier/process_context.h"

namespace wdscope::notifier {

MP_PROCESS_TABLE* MpProcessTable;

namespace {

constexpr ULONG kSecurityCheckFailure = 0x139;
constexpr ULONG kCorruptListEntry = 3;  // FAST_FAIL_CORRUPT_LIST_ENTRY

LIST_ENTRY* buckets() {
  return as_pointer<LIST_ENTRY>(MpProcessTable->Buckets);
}

LIST_ENTRY* bucket_of(HANDLE process_id) {
  return buckets() + defender::process_bucket(reinterpret_cast<ULONG_PTR>(process_id));
}

LIST_ENTRY* links_of(MP_PROCESS_CONTEXT* context) {
  return reinterpret_cast<LIST_ENTRY*>(&context->TableLinks);
}

MP_PROCESS_CONTEXT* context_of(LIST_ENTRY* links) {
  return CONTAINING_RECORD(reinterpret_cast<defender::ListLinks*>(links), MP_PROCESS_CONTEXT, TableLinks);
}

// To follow damaged links would spread the damage: stop as the compiler's own fast-fail does.
void require_sound(bool sound, const LIST_ENTRY* links) {
  if (!sound) KeBugCheckEx(kSecurityCheckFailure, kCorruptListEntry, reinterpret_cast<ULONG_PTR>(links), 0, 0);
}

}  // namespace

PERESOURCE table_resource() {
  return reinterpret_cast<PERESOURCE>(MpProcessTable->Lock.bytes);
}
PPAGED_LOOKASIDE_LIST context_lookaside() {
  return reinterpret_cast<PPAGED_LOOKASIDE_LIST>(MpProcessTable->ContextLookaside.bytes);
}
PPAGED_LOOKASIDE_LIST list_entry_lookaside() {
  return reinterpret_cast<PPAGED_LOOKASIDE_LIST>(MpProcessTable->ListEntryLookaside.bytes);
}
PKEVENT enumeration_done() {
  return reinterpret_cast<PKEVENT>(MpProcessTable->EnumerationDone.bytes);
}

NTSTATUS MpInitializeProcessTable() {
  auto* const table = static_cast<MP_PROCESS_TABLE*>(
      kit::allocate_zeroed(kit::Pool::NonPaged, sizeof(MP_PROCESS_TABLE), pool_tag::kTable));
  if (!table) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS status = ExInitializeResourceLite(reinterpret_cast<PERESOURCE>(table->Lock.bytes));
  if (!NT_SUCCESS(status)) {
    ExFreePoolWithTag(table, pool_tag::kTable);
    return status;
  }
  MpProcessTable = table;
  MpProcessTable->Magic = defender::kProcessTableMagic;
  ExInitializePagedLookasideList(context_lookaside(), nullptr, nullptr, 0, MpProfile->context_size, pool_tag::kContext,
                                 0);
  ExInitializePagedLookasideList(list_entry_lookaside(), nullptr, nullptr, 0,
                                 sizeof(defender::MP_PROCESS_CONTEXT_LIST_ENTRY), pool_tag::kListEntry, 0);
  KeInitializeEvent(enumeration_done(), NotificationEvent, TRUE);

  void* const heads =
      kit::allocate_zeroed(kit::Pool::Paged, defender::kProcessBucketCount * sizeof(LIST_ENTRY), pool_tag::kTable);
  if (!heads) return STATUS_INSUFFICIENT_RESOURCES;
  MpProcessTable->Buckets = as_address(heads);
  for (std::uint32_t index = 0; index < defender::kProcessBucketCount; ++index) InitializeListHead(buckets() + index);
  MpProcessTable->EnumerationsInProgress = 0;
  return STATUS_SUCCESS;
}

void MpShutdownProcessTable() {
  if (!MpProcessTable) return;
  if (MpProcessTable->Buckets) {
    for (std::uint32_t index = 0; index < defender::kProcessBucketCount; ++index) {
      LIST_ENTRY* const head = buckets() + index;
      while (!IsListEmpty(head)) {
        MP_PROCESS_CONTEXT* const context = context_of(head->Flink);
        unlink_from_table(context);
        MpReleaseProcessContext(context);
      }
    }
    ExFreePoolWithTag(buckets(), pool_tag::kTable);
  }
  ExDeletePagedLookasideList(context_lookaside());
  ExDeletePagedLookasideList(list_entry_lookaside());
  ExDeleteResourceLite(table_resource());
  ExFreePoolWithTag(MpProcessTable, pool_tag::kTable);
  MpProcessTable = nullptr;
}

NTSTATUS MpGetProcessContextByIdAndCreationTime(HANDLE process_id, LONGLONG create_time, MP_PROCESS_CONTEXT** context) {
  if (!process_id) return STATUS_NOT_FOUND;
  const ResourceLock lock(table_resource(), LockMode::Shared);
  LIST_ENTRY* const head = bucket_of(process_id);
  for (LIST_ENTRY* links = head->Flink; links != head; links = links->Flink) {
    MP_PROCESS_CONTEXT* const candidate = context_of(links);
    if (candidate->ProcessId != reinterpret_cast<ULONG_PTR>(process_id) || candidate->CreateTime != create_time) {
      continue;
    }
    reference_context(candidate);
    *context = candidate;
    return STATUS_SUCCESS;
  }
  return STATUS_NOT_FOUND;
}

NTSTATUS MpGetProcessContextByObject(PEPROCESS process, MP_PROCESS_CONTEXT** context) {
  return MpGetProcessContextByIdAndCreationTime(PsGetProcessId(process), PsGetProcessCreateTimeQuadPart(process),
                                                context);
}

NTSTATUS MpGetProcessContextById(HANDLE process_id, MP_PROCESS_CONTEXT** context) {
  ProcessReference process;
  const NTSTATUS status = PsLookupProcessByProcessId(process_id, process.put());
  if (!NT_SUCCESS(status)) return status;
  return MpGetProcessContextByObject(process.get(), context);
}

void insert_into_table(MP_PROCESS_CONTEXT* context) {
  LIST_ENTRY* const head = bucket_of(reinterpret_cast<HANDLE>(context->ProcessId));
  LIST_ENTRY* const links = links_of(context);
  LIST_ENTRY* const first = head->Flink;
  require_sound(first->Blink == head, head);
  links->Flink = first;
  links->Blink = head;
  first->Blink = links;
  head->Flink = links;
  reference_context(context);
  if (context_flags(context).load() & defender::flag::Trusted) {
    ++MpProcessTable->TrustedCount;
  } else {
    ++MpProcessTable->UntrustedCount;
  }
}

void unlink_from_table(MP_PROCESS_CONTEXT* context) {
  LIST_ENTRY* const links = links_of(context);
  LIST_ENTRY* const next = links->Flink;
  LIST_ENTRY* const previous = links->Blink;
  require_sound(next->Blink == links && previous->Flink == links, links);
  previous->Flink = next;
  next->Blink = previous;
}

}  // namespace wdscope::notifier
