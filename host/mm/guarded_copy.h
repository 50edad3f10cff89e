// SPDX-License-Identifier: MIT
// Copying from an address that may not be there. A fault inside the copy ends it; it never reaches the caller.
#pragma once

#include <cstddef>

#include "host/nt/base.h"

namespace wdscope::host {

// Copies up to `size` bytes and returns how many were copied before the first unreadable byte. `target` must be good.
// No system call on the fast path.
extern "C" NTAPI std::size_t wdscope_guarded_copy(void* target, const void* source, std::size_t size);
inline std::size_t guarded_copy(void* target, const void* source, std::size_t size) {
  return wdscope_guarded_copy(target, source, size);
}

// Installs the SIGSEGV/SIGBUS handler that ends a guarded copy, and turns any other fault in driver code into a bug
// check. Idempotent; called by Machine::boot.
void install_fault_handler();

}  // namespace wdscope::host
