// SPDX-License-Identifier: MIT
// The words of those verbs that do other things, or the same in another way, on another system.
#pragma once

#include <vector>

#include "cli/verb_words.h"

namespace wdscope::cli {

// The program itself is the first.
const std::vector<VerbWords>& platform_words();

}  // namespace wdscope::cli
