// SPDX-License-Identifier: MIT
#include "kit/checked_copy.h"

#include "kit/irql.h"

namespace wdscope::kit {

bool is_kernel_range(ForeignAddress address, std::size_t size) {
  const auto first = static_cast<std::uint64_t>(address);
  std::uint64_t end = 0;
  if (__builtin_add_overflow(first, size, &end)) return false;
  if (first < reinterpret_cast<std::uint64_t>(MmSystemRangeStart)) return false;
  // Canonical under five-level paging; a machine with four levels has MmSystemRangeStart where its upper half begins.
  constexpr unsigned kUnusedBits = 64 - 57;
  const auto canonical = [](std::uint64_t value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << kUnusedBits) >> kUnusedBits) == value;
  };
  return canonical(first) && (size == 0 || canonical(end - 1));
}

bool is_kernel_pointer(ForeignAddress address, std::size_t alignment) {
  return (static_cast<std::uint64_t>(address) & (alignment - 1)) == 0 && is_kernel_range(address, alignment);
}

NTSTATUS checked_copy(void* target, ForeignAddress source, std::size_t size) {
  if (!is_kernel_range(source, size)) return STATUS_INVALID_ADDRESS;
  WDK_MM_COPY_ADDRESS address{reinterpret_cast<PVOID>(source)};
  SIZE_T copied = 0;
  const NTSTATUS status = MmCopyMemory(target, address, size, kMmCopyMemoryVirtual, &copied);
  if (NT_SUCCESS(status) && copied == size) return STATUS_SUCCESS;
  return STATUS_INVALID_ADDRESS;
}

}  // namespace wdscope::kit
