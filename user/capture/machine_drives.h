// SPDX-License-Identifier: MIT
// The drives of this Windows machine, as this logon session sees them. Of the Windows build alone.
#pragma once

#include "event/dos_paths.h"

namespace wdscope {

// Letters that cannot be asked for are left out.
DosNames read_machine_drives();

}  // namespace wdscope
