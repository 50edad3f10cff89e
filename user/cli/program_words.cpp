// SPDX-License-Identifier: MIT
#include "cli/program_words.h"

namespace wdscope::cli {

std::vector<std::string> program_words(int count, char** words) {
  return std::vector<std::string>(words + (count > 0 ? 1 : 0), words + count);
}

}  // namespace wdscope::cli
