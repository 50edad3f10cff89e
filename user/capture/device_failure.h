// SPDX-License-Identifier: MIT
// Why the observer's device cannot be opened, in words.
#pragma once

#include <cstdint>
#include <string>

#include "event/result.h"

namespace wdscope {

// `words`: what Windows says of `win32_error`.
Error device_failure(std::uint32_t win32_error, const std::string& words);

}  // namespace wdscope
