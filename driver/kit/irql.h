// SPDX-License-Identifier: MIT
// A routine's IRQL contract, stated on its declaration and checked in its body.
#pragma once

#include "kit/nt.h"

namespace wdscope::kit {

// Ends the machine (bug check 0xA: current IRQL, allowed IRQL, caller) when the caller stands above `highest`: to go on
// would corrupt it. Only for our own calls; a callback that strangers may call must test KeGetCurrentIrql itself.
inline void expect_irql_at_most(KIRQL highest) {
  const KIRQL irql = KeGetCurrentIrql();
  if (irql > highest) {
    KeBugCheckEx(0xA, 0, irql, highest, reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)));
  }
}

}  // namespace wdscope::kit
