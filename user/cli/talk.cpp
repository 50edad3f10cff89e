// SPDX-License-Identifier: MIT
#include "cli/talk.h"

#include <unistd.h>

#include <span>
#include <string>

#include "cli/printable.h"
#include "sink/output_file.h"

namespace wdscope::cli {

void say(std::string_view line) {
  std::string out = "wdscope: ";
  append_printable(out, line);
  out += '\n';
  say_raw(out);
}

void say_raw(std::string_view text) {
  // Nobody is left to be told when standard error itself fails.
  static_cast<void>(OutputFile::borrow(STDERR_FILENO, "standard error").write(std::as_bytes(std::span(text))));
}

}  // namespace wdscope::cli
