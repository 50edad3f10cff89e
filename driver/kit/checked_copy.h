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
bool is_kernel_range(ForeignAddress address, std::size_t size);

// Whether `address` can be that of a structure: in the system's half and a multiple of `alignment` (a power of two).
bool is_kernel_pointer(ForeignAddress address, std::size_t alignment);

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
