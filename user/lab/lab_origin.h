// SPDX-License-Identifier: MIT
#pragma once

#include "capture/machine_history.h"
#include "event/event.h"
#include "lab/profile.h"

namespace wdscope {

// What a lab says of itself, but for the boot id, which its observer gives. `history`: what it plays; null: this
// machine is followed.
Origin lab_origin(Profile profile, const MachineHistory* history);

}  // namespace wdscope
