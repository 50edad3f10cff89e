// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace wdscope::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Color color_for(ColorChoice choice, int descriptor) {
  switch (choice) {
    case ColorChoice::Always:
      return Color::On;
    case ColorChoice::Never:
      return Color::Off;
    case ColorChoice::Auto:
      break;
  }
  const bool wanted = isatty(descriptor) != 0 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return wanted ? Color::On : Color::Off;
}

std::optional<std::size_t> terminal_columns(int descriptor) {
  winsize size = {};
  if (isatty(descriptor) == 0) return std::nullopt;
  // A serial line does not know its width.
  constexpr std::size_t kUsualColumns = 80;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

}  // namespace wdscope::cli
