// SPDX-License-Identifier: MIT
#include "kit/checked_copy.h"

#include "kit/irql.h"

namespace wdscope::kit {

NTSTATUS checked_copy(void* target, ForeignAddress source, std::size_t size) {
  if (!is_kernel_range(source, size)) return STATUS_INVALID_ADDRESS;
  WDK_MM_COPY_ADDRESS address{reinterpret_cast<PVOID>(source)};
  SIZE_T copied = 0;
  const NTSTATUS status = MmCopyMemory(target, address, size, kMmCopyMemoryVirtual, &copied);
  if (NT_SUCCESS(status) && copied == size) return STATUS_SUCCESS;
  return STATUS_INVALID_ADDRESS;
}

}  // namespace wdscope::kit
