// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <io.h>
#include <windows.h>

#include <cstdlib>
#include <string_view>

namespace wdscope::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

HANDLE handle_of(int descriptor) {
  return reinterpret_cast<HANDLE>(_get_osfhandle(descriptor));
}

// Consoles before Windows 10 1607, and those that a user made so, show escape sequences as text.
bool understands_sequences(HANDLE console) {
  DWORD mode = 0;
  if (GetConsoleMode(console, &mode) == 0) return false;
  return (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 ||
         SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

}  // namespace

Color color_for(ColorChoice choice, int descriptor) {
  switch (choice) {
    case ColorChoice::Always:
      understands_sequences(handle_of(descriptor));
      return Color::On;
    case ColorChoice::Never:
      return Color::Off;
    case ColorChoice::Auto:
      break;
  }
  const bool wanted =
      variable("NO_COLOR").empty() && variable("TERM") != "dumb" && understands_sequences(handle_of(descriptor));
  return wanted ? Color::On : Color::Off;
}

std::optional<std::size_t> terminal_columns(int descriptor) {
  CONSOLE_SCREEN_BUFFER_INFO info = {};
  if (GetConsoleScreenBufferInfo(handle_of(descriptor), &info) == 0) return std::nullopt;
  return static_cast<std::size_t>(info.srWindow.Right - info.srWindow.Left + 1);
}

}  // namespace wdscope::cli
