// SPDX-License-Identifier: MIT
// Which columns the text view has, and how wide they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace wdscope::cli {

// Columns, without the space that follows each. The command line takes what is left.
struct TextLayout {
  enum class Cells : std::uint8_t {
    Whole,  // no terminal: a long cell pushes the rest of its line
    Cut,    // a terminal: every cell keeps its width
  };
  enum class Image : std::uint8_t { Path, FileName };

  Cells cells;
  Image image_form;
  bool milliseconds;
  std::size_t time;
  std::size_t operation;
  std::size_t pid;
  std::size_t trusted;
  std::size_t flags;
  std::size_t image;
  std::size_t command_line;  // Cells::Cut only

  // `columns` of the terminal, if the output is one.
  static TextLayout fitting(std::optional<std::size_t> columns);
};

}  // namespace wdscope::cli
