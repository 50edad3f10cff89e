// SPDX-License-Identifier: MIT
// What each verb is and does, in words: for its help, the manual and the completion scripts.
#pragma once

#include <string_view>
#include <vector>

namespace wdscope::cli {

struct Example {
  std::string_view command;
  std::string_view meaning;
};

// What help and manual say of a verb beyond its options.
struct VerbWords {
  std::string_view name;  // one word or two ("lab play"); empty: the program itself
  std::string_view summary;
  std::string_view operands;  // behind [OPTIONS] in the usage line
  std::string_view details;   // paragraphs parted by empty lines
  std::vector<Example> examples;
};
const VerbWords& verb_words(std::string_view name);

}  // namespace wdscope::cli
