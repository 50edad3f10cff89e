// SPDX-License-Identifier: MIT
// main() gets its words in the user's old code page, which has not every character: the UTF-16 command line has.
#include "cli/program_words.h"

#include <windows.h>

#include <shellapi.h>

#include "event/windows_text.h"

namespace wdscope::cli {

std::vector<std::string> program_words(int, char**) {
  int count = 0;
  wchar_t** const wide = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> words;
  for (int i = 1; wide != nullptr && i < count; ++i) words.push_back(to_utf8(wide[i]));
  LocalFree(wide);
  return words;
}

}  // namespace wdscope::cli
