// SPDX-License-Identifier: MIT
// Where the current thread's kernel stack lies: what distinguishes a local of the notifier from any other address.
#pragma once

#include <cstdint>

#include "kit/nt.h"

namespace wdscope::observer {

struct StackLimits {
  std::uint64_t low;   // first byte
  std::uint64_t high;  // behind the last byte

  bool contains(std::uint64_t address, std::uint64_t size) const {
    return address >= low && address < high && size <= high - address;
  }

  // Of the current thread. Any IRQL <= DISPATCH_LEVEL.
  static StackLimits current() {
    ULONG_PTR low = 0;
    ULONG_PTR high = 0;
    IoGetStackLimits(&low, &high);
    return {low, high};
  }
};

}  // namespace wdscope::observer
