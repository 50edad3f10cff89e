// SPDX-License-Identifier: MIT
// Spans of time as people type them.
#pragma once

#include <chrono>
#include <string_view>

#include "event/result.h"

namespace wdscope::cli {

// "500ms", "10s", "2m", "1.5h"; a bare number is seconds. Usage when it is none of these, not above 0 or more than a
// year.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace wdscope::cli
