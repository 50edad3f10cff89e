// SPDX-License-Identifier: MIT
// What the output's terminal can do, if it is one.
#pragma once

#include <cstddef>
#include <optional>

#include "cli/arguments.h"
#include "cli/text_view.h"

namespace wdscope::cli {

// auto: only on a terminal, and neither with NO_COLOR (set and not empty) nor with TERM=dumb.
Color color_for(ColorChoice choice, int descriptor);

// Columns of the terminal now; nothing when `descriptor` is none.
std::optional<std::size_t> terminal_columns(int descriptor);

}  // namespace wdscope::cli
