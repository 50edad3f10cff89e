// SPDX-License-Identifier: MIT
// The requests of the device (abi/wire/wdnis.h).
#pragma once

#include "kit/nt.h"

namespace wdscope::wdnis {

// From DriverEntry.
void set_dispatch_routines(PDRIVER_OBJECT driver);

}  // namespace wdscope::wdnis
