// SPDX-License-Identifier: MIT
// What a text on a terminal looks like: the one list of colours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace wdscope::cli {

enum class Color : std::uint8_t { Off, On };
enum class Look : std::uint8_t { Plain, Dim, Bold, Good, Bad, Notice, Gone };
enum class Side : std::uint8_t { Left, Right };

struct TextStyle {
  Color color = Color::Off;
  // The terminal's width now; nothing: no terminal. Null: the same.
  std::function<std::optional<std::size_t>()> columns;
};

inline void begin_look(std::string& out, Look look, Color color) {
  static constexpr std::string_view kCodes[] = {"",           "\x1b[2m",  "\x1b[1m", "\x1b[32m",
                                                "\x1b[1;31m", "\x1b[33m", "\x1b[36m"};
  if (color == Color::On) out += kCodes[static_cast<std::size_t>(look)];
}

inline void end_look(std::string& out, Look look, Color color) {
  if (color == Color::On && look != Look::Plain) out += "\x1b[0m";
}

}  // namespace wdscope::cli
