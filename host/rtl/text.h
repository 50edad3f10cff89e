// SPDX-License-Identifier: MIT
// Between NT's UTF-16 and the UTF-8 of reports and options. Unpaired surrogates become U+FFFD, as do malformed bytes.
#pragma once

#include <string>
#include <string_view>

namespace wdscope::host {

std::string to_utf8(std::u16string_view text);
std::u16string to_utf16(std::string_view text);

}  // namespace wdscope::host
