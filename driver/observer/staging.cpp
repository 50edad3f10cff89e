// SPDX-License-Identifier: MIT
#include "observer/staging.h"

#include <algorithm>

#include "kit/irql.h"

namespace wdscope::observer {

NTSTATUS Staging::start() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  InitializeSListHead(&free_);
  const std::size_t count = std::min<std::size_t>(2 * std::size_t{KeQueryActiveProcessorCount(nullptr)}, kMaximumCount);
  for (std::size_t index = 0; index < count; ++index) {
    // Larger than a page, so aligned as a list entry must be.
    auto* const buffer =
        static_cast<std::uint64_t*>(kit::allocate_zeroed(kit::Pool::NonPaged, kBufferSize, kit::tag::Staging));
    if (buffer == nullptr) {
      stop();
      return STATUS_INSUFFICIENT_RESOURCES;
    }
    give_back(buffer);
  }
  return STATUS_SUCCESS;
}

void Staging::stop() {
  while (std::uint64_t* const buffer = take()) ExFreePoolWithTag(buffer, kit::tag::Staging);
}

std::uint64_t* Staging::take() {
  return reinterpret_cast<std::uint64_t*>(ExpInterlockedPopEntrySList(&free_));
}

void Staging::give_back(std::uint64_t* buffer) {
  ExpInterlockedPushEntrySList(&free_, reinterpret_cast<PSLIST_ENTRY>(buffer));
}

}  // namespace wdscope::observer
