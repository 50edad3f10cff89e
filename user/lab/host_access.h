// SPDX-License-Identifier: MIT
// What every lab needs of the host: its refusals as errors, its files as channels, our drivers loaded into it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "capture/device_channel.h"
#include "event/result.h"
#include "host/machine.h"
#include "lab/driver_image.h"
#include "lab/profile.h"

namespace wdscope {

tl::unexpected<Error> from_host(const std::string& doing, const host::HostError& error);

// A file of the host's as a channel.
std::unique_ptr<DeviceChannel> channel_of(std::unique_ptr<host::DeviceFile> file);

// One of our drivers, from `folder` or, where that is empty, from this program.
Result<host::LoadedDriver*> load_driver_of(host::Machine& machine, Driver driver, const std::filesystem::path& folder,
                                           std::map<std::string, host::RegistryValue> parameters);

std::uint32_t profile_parameter(Profile profile);  // the notifier's registry parameter "Profile"
std::uint8_t message_version(Profile profile);     // of its messages and commands

}  // namespace wdscope
