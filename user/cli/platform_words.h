// SPDX-License-Identifier: MIT
// The words of those verbs that do other things, or the same in another way, on another system.
#pragma once

#include <string_view>
#include <vector>

#include "cli/verb_words.h"

namespace wdscope::cli {

// The program itself is the first.
const std::vector<VerbWords>& platform_words();

// The environment variables that stand in for options.
std::string_view option_variables();

}  // namespace wdscope::cli
