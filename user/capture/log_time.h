// SPDX-License-Identifier: MIT
// Times as event logs and their collectors write them.
#pragma once

#include <optional>
#include <string_view>

#include "event/event.h"

namespace wdscope {

// "2020-09-14 12:06:01.826", "2023-07-19T09:02:23.9921234Z", "2023-07-19T09:02:23+02:00": date and time with a space or
// T between, a fraction of any length (what is finer than 100 ns is cut off), UTC unless an offset says otherwise.
// Nothing for anything else, and for years before 1601.
std::optional<FileTime> parse_log_time(std::string_view text);

}  // namespace wdscope
