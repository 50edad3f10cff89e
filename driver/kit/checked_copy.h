// SPDX-License-Identifier: MIT
// The one way in which these drivers read memory that is not theirs. No address is dereferenced: MmCopyMemory either
// copies or says why not, whatever the address.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kit/nt.h"

namespace wdscope::kit {

// An address in somebody else's memory: never dereferenced.
enum class ForeignAddress : std::uint64_t {};

// Whether `size` bytes from `address` lie wholly in the system's half: canonical, not below MmSystemRangeStart, without
// wrapping round. Says nothing about what is mapped there. Any IRQL.
inline bool is_kernel_range(ForeignAddress address, std::size_t size) {
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

// Whether `address` can be that of a structure: in the system's half and a multiple of `alignment` (a power of two).
inline bool is_kernel_pointer(ForeignAddress address, std::size_t alignment) {
  return (static_cast<std::uint64_t>(address) & (alignment - 1)) == 0 && is_kernel_range(address, alignment);
}

// Copies `size` bytes to `target` (nonpaged). The bytes may change while they are copied: read once, then judge the
// copy. On failure `target` holds an undefined part. IRQL <= APC_LEVEL.
//   STATUS_INVALID_ADDRESS  not a range of kernel addresses, or not all of it is readable
[[nodiscard]] NTSTATUS checked_copy(void* target, ForeignAddress source, std::size_t size);

template <class T>
[[nodiscard]] NTSTATUS checked_read(ForeignAddress source, T& value) {
  static_assert(__is_trivially_copyable(T));
  if (static_cast<std::uint64_t>(source) % alignof(T) != 0) return STATUS_DATATYPE_MISALIGNMENT;
  return checked_copy(&value, source, sizeof(T));
}

}  // namespace wdscope::kit
