// SPDX-License-Identifier: MIT
#include "cli/talk.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "cli/printable.h"

namespace wdscope::cli {

void say(std::string_view line) {
  std::string out = "wdscope: ";
  append_printable(out, line);
  out += '\n';
  say_raw(out);
}

void say_raw(std::string_view text) {
  // Nobody is left to be told when standard error itself fails.
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace wdscope::cli
