// SPDX-License-Identifier: MIT
// The file behind a process's image, as the service judges it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "lab/trust_policy.h"

namespace wdscope {

// The file at `path`; absent when it cannot be looked at, or when process `pid` still lives and runs another file (it
// sees other mounts, or the name was given to a new file meanwhile).
std::optional<ImageFile> look_at_image(const std::string& path, pid_t pid);

}  // namespace wdscope
