// SPDX-License-Identifier: MIT
// The layout catalogue (abi/defender/layouts.h) in the forms that other tools read.
#pragma once

#include <string>
#include <string_view>

namespace wdscope::cli {

// "table", "json", "c", "natvis", "isf" or "windbg"; empty for another word.
std::string export_layouts(std::string_view format);

std::string layouts_as_table();
std::string layouts_as_json();
std::string layouts_as_c();       // a header for C11 and C++; pointers are 64-bit numbers, so any host can use it
std::string layouts_as_natvis();  // for the header's types
std::string layouts_as_isf();     // Volatility 3, schema 6.2.0; foreign types are those of the table nt_symbols
std::string layouts_as_windbg();  // JavaScript: !wdps TABLE lists the process contexts

}  // namespace wdscope::cli
