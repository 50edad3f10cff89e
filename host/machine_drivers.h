// SPDX-License-Identifier: MIT
// Loading and unloading of one driver, and what it must not leave behind.
#pragma once

#include <memory>
#include <span>

#include "host/io/driver.h"
#include "host/machine.h"

namespace wdscope::host {

enum class LeakCheck : std::uint8_t { Off, On };

HostResult<std::unique_ptr<LoadedDriver>> load_driver(std::span<const std::byte> image, const DriverOptions& options,
                                                      LeakCheck leak_check);
// INVALID_DEVICE_REQUEST: no unload routine. DEVICE_BUSY: files are open on its devices; nothing has changed.
HostResult<void> unload_driver(LoadedDriver& driver, LeakCheck leak_check);
// What it holds now; pool_disown and unloading change that.
DriverHoldings driver_holdings(const LoadedDriver& driver);
// Lets go of a driver without calling it.
void discard_driver(LoadedDriver& driver);

}  // namespace wdscope::host
