// SPDX-License-Identifier: MIT
// The program's command line as UTF-8 words.
#pragma once

#include <string>
#include <vector>

namespace wdscope::cli {

// Those behind the program's name, of main()'s arguments.
std::vector<std::string> program_words(int count, char** words);

}  // namespace wdscope::cli
