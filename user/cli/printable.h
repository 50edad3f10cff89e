// SPDX-License-Identifier: MIT
// Foreign text on a terminal: nothing in it may drive the terminal or hide, and its width is known.
//
// C0 controls and DEL become their control pictures (U+2400 and on: one column each, not to be confused with text).
// C1 controls, bidirectional and zero-width formatting, unassigned code points and bytes that are no UTF-8 become
// <U+XXXX> or <XX>. Widths are those of character_width.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wdscope::cli {

// Appends all of `text`; returns the columns it takes.
std::size_t append_printable(std::string& out, std::string_view text);

// Which end of a text gives way when it does not fit; U+2026 marks the place.
enum class Cut { End, Start };

// Appends what fits into `columns` (at least 1); returns the columns it takes, never more than `columns`.
std::size_t append_cut(std::string& out, std::string_view text, std::size_t columns, Cut cut);

}  // namespace wdscope::cli
