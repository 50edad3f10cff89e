// SPDX-License-Identifier: MIT
// Requests of the engine's device: opening connects, closing disconnects, control codes fetch and answer messages.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// Fills the driver object's dispatch table. Before the device exists.
void set_engine_dispatch(PDRIVER_OBJECT driver);

}  // namespace wdscope::notifier
