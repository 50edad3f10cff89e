// SPDX-License-Identifier: MIT
// Why a step with a driver's service failed, in words: what, why, what to do. Assumed: which error Windows answers in
// which case, as its documentation says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/result.h"

namespace wdscope::cli {

// "cannot `doing` the service 'service': `words`", where `words` are what Windows says of `win32_error`.
Error service_failure(std::string_view doing, std::string_view service, std::uint32_t win32_error,
                      std::string_view words);

}  // namespace wdscope::cli
