// SPDX-License-Identifier: MIT
// Patterns for images and command lines as people write them: '*' stands for any text and '?' for one byte; ASCII
// letters match in either case, as NT's names do, and both slashes are one.
#pragma once

#include <string_view>

namespace wdscope {

// The whole text. Takes at most as many steps as both sizes multiplied.
bool matches_pattern(std::string_view pattern, std::string_view text);

// Without a separator the pattern is compared with the file name, else with the whole path.
bool matches_image(std::string_view pattern, std::string_view image);

// What stands behind the last separator. A kernel thread of Linux ("[name]") has none, though it may have a slash.
std::string_view file_name_of(std::string_view path);

}  // namespace wdscope
