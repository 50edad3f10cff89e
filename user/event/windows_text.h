// SPDX-License-Identifier: MIT
// Text as Windows has it. Of the Windows build alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wdscope {

// An unpaired surrogate becomes U+FFFD, and so does each byte that is no UTF-8.
std::string to_utf8(std::wstring_view text);
std::wstring to_wide(std::string_view utf8);

// "Access is denied. (5)": what Windows says of a Win32 error, in the user's language.
std::string system_words(std::uint32_t win32_error);

}  // namespace wdscope
