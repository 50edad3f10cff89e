// SPDX-License-Identifier: MIT
// The device's requests: open, clean-up, close, and the control codes of abi/wire/control.h with every check on their
// buffers.
#pragma once

#include "kit/nt.h"

namespace wdscope::observer {

// Puts our dispatch routines into the driver object. DriverEntry, before the device is made.
void set_dispatch_routines(PDRIVER_OBJECT driver);

}  // namespace wdscope::observer
