// SPDX-License-Identifier: MIT
// What a hardware fault means: the end of a guarded copy, a privileged or fixed-address access that the host imitates
// for drivers, or a driver's mistake, which is a bug check.
#pragma once

#include <ucontext.h>

#include <cstdint>

namespace wdscope::host {

// If the fault is one of a guarded copy: moves rip so that the copy ends there.
bool end_guarded_copy(greg_t* registers);

// If the instruction at rip reads or writes CR8, or reads the shared page at 0xFFFFF78000000000: does what it would
// have done and moves rip behind it.
bool imitate_instruction(greg_t* registers, std::uint64_t fault_address);

}  // namespace wdscope::host
