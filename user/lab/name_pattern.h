// SPDX-License-Identifier: MIT
// Patterns for images and command lines as people write them: * is any text, ? any one byte, all else itself; ASCII
// case is ignored.
#pragma once

#include <string>
#include <string_view>

namespace wdscope {

// The whole text. Takes at most as many steps as both sizes multiplied.
bool matches_pattern(std::string_view pattern, std::string_view text);

// A pattern without / and \ is compared with the file name alone.
bool matches_image(std::string_view pattern, std::string_view path);

}  // namespace wdscope
