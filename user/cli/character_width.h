// SPDX-License-Identifier: MIT
// How many columns of a terminal one code point takes.
#pragma once

namespace wdscope::cli {

// Makes character_width() know Unicode, whatever the user's locale. Call once, before threads.
void use_unicode_widths();

// 2 for East Asian wide characters, 0 for combining marks, -1 for controls and code points that are not assigned.
int character_width(char32_t value);

}  // namespace wdscope::cli
