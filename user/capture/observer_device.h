// SPDX-License-Identifier: MIT
// The observer's device of this Windows machine. Of the Windows build alone.
#pragma once

#include <memory>

#include "capture/device_channel.h"
#include "event/result.h"

namespace wdscope {

// A new reader. SourceUnavailable when wdscope.sys is not loaded, NotPermitted for anyone but an administrator.
Result<std::unique_ptr<DeviceChannel>> open_observer_device();
// The same with write access, which layouts and raw captures need.
Result<std::unique_ptr<DeviceChannel>> open_changeable_observer_device();

}  // namespace wdscope
