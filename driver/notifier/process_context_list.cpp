// SPDX-License-Identifier: MIT
#include "notifier/process_context_list.h"

#include "kit/pool.h"
#include "notifier/kernel_handle.h"
#include "notifier/lookaside.h"
#include "notifier/pool_tag.h"
#include "notifier/trace.h"

extern "C" NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation,
                                                            ULONG SystemInformationLength, PULONG ReturnLength);

namespace wdscope::notifier {

constinit std::atomic<bool> MpSystemTimeFixed{false};

namespace {

using defender::KernelAddress;
using defender::MP_PROCESS_CONTEXT_LIST_ENTRY;

constexpr ULONG kSystemProcessInformation = 5;
constexpr SIZE_T kFirstBufferSize = 0x8000;
constexpr SIZE_T kBufferStep = 0x4000;  // room for processes that start between two attempts

// The part of SYSTEM_PROCESS_INFORMATION that is needed; its size differs between Windows versions, these do not.
constexpr SIZE_T kNextEntryOffset = 0x00;
constexpr SIZE_T kUniqueProcessId = 0x50;

NTSTATUS read_running_processes(kit::PoolBytes* processes) {
  SIZE_T size = kFirstBufferSize;
  for (;;) {
    NTSTATUS status = processes->allocate(kit::Pool::Paged, size, pool_tag::kRunningProcesses);
    if (!NT_SUCCESS(status)) return status;
    ULONG needed = 0;
    status = ZwQuerySystemInformation(kSystemProcessInformation, processes->data(), static_cast<ULONG>(size), &needed);
    if (status != STATUS_INFO_LENGTH_MISMATCH) return status;
    const SIZE_T wanted = SIZE_T{needed} + kBufferStep;
    size = wanted > size ? wanted : size + kBufferStep;
    if (size > MAXULONG) return STATUS_INSUFFICIENT_RESOURCES;
  }
}

// Success without a context: the process has gone, or has none and none is wanted.
NTSTATUS find_or_create(HANDLE process_id, MissingContexts missing, MP_PROCESS_CONTEXT** context) {
  ProcessReference process;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(process_id, process.put()))) return STATUS_SUCCESS;
  const LONGLONG create_time = PsGetProcessCreateTimeQuadPart(process.get());
  if (reinterpret_cast<ULONG_PTR>(process_id) == kit::kSystemProcessId && create_time != 0) MpSystemTimeFixed = true;
  if (NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(process_id, create_time, context))) return STATUS_SUCCESS;
  if (missing == MissingContexts::Skip) return STATUS_SUCCESS;
  return MpCreateProcessContext(process_id, create_time, nullptr, context);
}

NTSTATUS push_entry(HANDLE process_id, MissingContexts missing, KernelAddress* head) {
  MP_PROCESS_CONTEXT* context = nullptr;
  const NTSTATUS status = find_or_create(process_id, missing, &context);
  if (!NT_SUCCESS(status)) {
    trace_error("no context for running process %p: status %08X", process_id, status);
    return status;
  }
  if (!context) return STATUS_SUCCESS;
  auto* const entry = static_cast<MP_PROCESS_CONTEXT_LIST_ENTRY*>(allocate_from(list_entry_lookaside()));
  if (!entry) {
    MpReleaseProcessContext(context);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  *entry = {defender::kProcessContextListEntryMagic, 0, *head, as_address(context)};
  *head = as_address(&entry->Next);
  return STATUS_SUCCESS;
}

NTSTATUS collect(MissingContexts missing, KernelAddress* head) {
  kit::PoolBytes processes;
  NTSTATUS status = read_running_processes(&processes);
  if (!NT_SUCCESS(status)) return status;
  const auto* at = processes.as<const UCHAR>();
  for (;;) {
    HANDLE process_id;
    RtlCopyMemory(&process_id, at + kUniqueProcessId, sizeof(process_id));
    if (process_id) {
      status = push_entry(process_id, missing, head);
      if (!NT_SUCCESS(status)) return status;
    }
    ULONG next;
    RtlCopyMemory(&next, at + kNextEntryOffset, sizeof(next));
    if (!next) return STATUS_SUCCESS;
    at += next;
  }
}

MP_PROCESS_CONTEXT_LIST_ENTRY* entry_of(KernelAddress next_member) {
  return CONTAINING_RECORD(as_pointer<KernelAddress>(next_member), MP_PROCESS_CONTEXT_LIST_ENTRY, Next);
}

}  // namespace

NTSTATUS MpGetProcessContextList(KernelAddress* head, MissingContexts missing) {
  std::atomic_ref<std::int32_t> in_progress(MpProcessTable->EnumerationsInProgress);
  in_progress.fetch_add(1);
  KeClearEvent(enumeration_done());
  KernelAddress list = 0;
  const NTSTATUS status = collect(missing, &list);
  if (in_progress.fetch_sub(1) == 1) KeSetEvent(enumeration_done(), IO_NO_INCREMENT, FALSE);
  if (!NT_SUCCESS(status)) {
    while (list) list = MpReleaseProcessContextListEntry(list);
    return status;
  }
  *head = list;
  return STATUS_SUCCESS;
}

KernelAddress MpReleaseProcessContextListEntry(KernelAddress entry) {
  MP_PROCESS_CONTEXT_LIST_ENTRY* const released = entry_of(entry);
  const KernelAddress next = released->Next;
  MpReleaseProcessContext(as_pointer<MP_PROCESS_CONTEXT>(released->Context));
  free_to(list_entry_lookaside(), released);
  return next;
}

MP_PROCESS_CONTEXT* context_in(KernelAddress entry) {
  return as_pointer<MP_PROCESS_CONTEXT>(entry_of(entry)->Context);
}

}  // namespace wdscope::notifier
