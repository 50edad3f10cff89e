// SPDX-License-Identifier: MIT
#include "notifier/process_query.h"

#include "notifier/pool_tag.h"

namespace wdscope::notifier {

NTSTATUS query_process_string(HANDLE process, ProcessQuery what, PUNICODE_STRING* string) {
  const auto information_class = static_cast<PROCESSINFOCLASS>(what);
  ULONG needed = 0;
  NTSTATUS status = ZwQueryInformationProcess(process, information_class, nullptr, 0, &needed);
  // The text may grow between the two calls (a command line lives in the process itself): ask again while it does.
  while (status == STATUS_INFO_LENGTH_MISMATCH || status == STATUS_BUFFER_TOO_SMALL ||
         status == STATUS_BUFFER_OVERFLOW) {
    if (needed < sizeof(UNICODE_STRING)) return STATUS_INFO_LENGTH_MISMATCH;
    auto* const block = static_cast<PUNICODE_STRING>(ExAllocatePoolWithTag(PagedPool, needed, pool_tag::kString));
    if (!block) return STATUS_INSUFFICIENT_RESOURCES;
    const ULONG length = needed;
    status = ZwQueryInformationProcess(process, information_class, block, length, &needed);
    if (NT_SUCCESS(status)) {
      *string = block;
      return STATUS_SUCCESS;
    }
    ExFreePoolWithTag(block, pool_tag::kString);
    if (needed <= length) break;
  }
  return NT_SUCCESS(status) ? STATUS_UNSUCCESSFUL : status;
}

}  // namespace wdscope::notifier
