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

// The latest creation time that ever came into the table: what is younger is not in it, which saves a new process the
// walk along its whole bucket, twice, and the lock. Written under the table lock.
constexpr LONGLONG kNoTime = MINLONGLONG;
constinit std::atomic<LONGLONG> latest_create_time{kNoTime};

// Whom the last walk led to: a parent with many children is looked for at each of them. In the table, or null. Written
// under the table lock, shared or not.
constinit std::atomic<MP_PROCESS_CONTEXT*> last_walked_to{nullptr};

constexpr ULONG kSecurityCheckFailure = 0x139;
constexpr ULONG kCorruptListEntry = 3;  // FAST_FAIL_CORRUPT_LIST_ENTRY

bool is_younger_than_all(LONGLONG create_time) {
  return create_time > latest_create_time.load(std::memory_order_relaxed);
}
void note_create_time(LONGLONG create_time) {
  if (is_younger_than_all(create_time)) latest_create_time.store(create_time, std::memory_order_relaxed);
}

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

struct Key {
  HANDLE process_id;
  LONGLONG create_time;
  bool is_of(LIST_ENTRY* links) const { return is_of(context_of(links)); }
  bool is_of(const MP_PROCESS_CONTEXT* context) const {
    return context->ProcessId == reinterpret_cast<ULONG_PTR>(process_id) && context->CreateTime == create_time;
  }
};

// A key stands once in a table, so it does not matter from where one looks for it. From both ends at once the next
// context of one half comes from memory while the other's is awaited; and both a young process and an old one, which
// have the most children, stand near an end.
MP_PROCESS_CONTEXT* walk(LIST_ENTRY* head, const Key& key) {
  LIST_ENTRY* from_head = head->Flink;
  LIST_ENTRY* from_tail = head->Blink;
  if (from_head == head) return nullptr;
  for (;;) {
    if (key.is_of(from_head)) return context_of(from_head);
    if (from_head == from_tail) return nullptr;
    if (key.is_of(from_tail)) return context_of(from_tail);
    from_head = from_head->Flink;
    if (from_head == from_tail) return nullptr;
    from_tail = from_tail->Blink;
  }
}

MP_PROCESS_CONTEXT* find_in(LIST_ENTRY* head, const Key& key) {
  MP_PROCESS_CONTEXT* const last = last_walked_to.load(std::memory_order_relaxed);
  if (last && key.is_of(last)) return last;
  MP_PROCESS_CONTEXT* const found = walk(head, key);
  // Who stands in front is found as quickly without being remembered.
  if (found && links_of(found) != head->Flink) last_walked_to.store(found, std::memory_order_relaxed);
  return found;
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
  latest_create_time = kNoTime;
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

MP_PROCESS_CONTEXT* find_in_table(HANDLE process_id, LONGLONG create_time) {
  if (!process_id || is_younger_than_all(create_time)) return nullptr;
  return find_in(bucket_of(process_id), {process_id, create_time});
}

NTSTATUS MpGetProcessContextByIdAndCreationTime(HANDLE process_id, LONGLONG create_time, MP_PROCESS_CONTEXT** context) {
  // Who is being put into the table meanwhile is not in it yet.
  if (is_younger_than_all(create_time)) return STATUS_NOT_FOUND;
  const ResourceLock lock(table_resource(), LockMode::Shared);
  MP_PROCESS_CONTEXT* const found = find_in_table(process_id, create_time);
  if (!found) return STATUS_NOT_FOUND;
  reference_context(found);
  *context = found;
  return STATUS_SUCCESS;
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

LONGLONG create_time_in_table(HANDLE process_id) {
  if (!process_id) return 0;
  ProcessReference found;
  PEPROCESS process = PsGetCurrentProcess();
  if (PsGetProcessId(process) != process_id) {
    if (!NT_SUCCESS(PsLookupProcessByProcessId(process_id, found.put()))) return 0;
    process = found.get();
  }
  const LONGLONG create_time = PsGetProcessCreateTimeQuadPart(process);
  const ResourceLock lock(table_resource(), LockMode::Shared);
  return find_in_table(process_id, create_time) ? create_time : 0;
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
  note_create_time(context->CreateTime);
  reference_context(context);
  if (context_flags(context).load() & defender::flag::Trusted) {
    ++MpProcessTable->TrustedCount;
  } else {
    ++MpProcessTable->UntrustedCount;
  }
}

void change_create_time(MP_PROCESS_CONTEXT* context, LONGLONG create_time) {
  context->CreateTime = create_time;
  note_create_time(create_time);
}

void unlink_from_table(MP_PROCESS_CONTEXT* context) {
  LIST_ENTRY* const links = links_of(context);
  LIST_ENTRY* const next = links->Flink;
  LIST_ENTRY* const previous = links->Blink;
  require_sound(next->Blink == links && previous->Flink == links, links);
  previous->Flink = next;
  next->Blink = previous;
  if (last_walked_to.load(std::memory_order_relaxed) == context) {
    last_walked_to.store(nullptr, std::memory_order_relaxed);
  }
}

}  // namespace wdscope::notifier
