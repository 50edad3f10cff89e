// SPDX-License-Identifier: MIT
// What the program says beside its data: standard error, one line at a time, safe for a terminal.
#pragma once

#include <cstdint>
#include <string_view>

namespace wdscope::cli {

// Quiet: only what must not be missed (losses, errors) is said.
enum class Talk : std::uint8_t { Quiet, Normal };

// "wdscope: <line>\n". Any thread; lines never mix.
void say(std::string_view line);

// Text as it is, already made safe. For whole messages of several lines.
void say_raw(std::string_view text);

}  // namespace wdscope::cli
