// SPDX-License-Identifier: MIT
// Rows of cells as aligned text. Each column is as wide as its widest cell; one that is unknown in every row is left
// out and told of; the last takes what the terminal has left. Nothing reaches the terminal unescaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/look.h"
#include "cli/printable.h"

namespace wdscope::cli {

struct Cell {
  std::string_view text;  // empty: unknown, shown as a dash
  Look look = Look::Plain;
};

struct Column {
  std::string title;
  Side side = Side::Left;
  Cut cut = Cut::End;
  std::size_t widest = 0;  // on a terminal; 0: as wide as it gets
};

class CellTable {
 public:
  explicit CellTable(std::vector<Column> columns);

  // The next cells, row by row from the first column to the last; one call need not end with a row. The texts are
  // copied.
  void add(std::initializer_list<Cell> cells);
  std::size_t row_count() const { return cells_.size() / columns_.size(); }

  // The titles and the rows, each ended by a newline. `columns`: the terminal's; nothing is cut without one.
  std::string render(Color color, std::optional<std::size_t> columns) const;

  // Titles of the columns that render() leaves out. None without a row.
  std::vector<std::string> unknown_columns() const;

 private:
  struct Kept {
    std::uint32_t size;  // bytes of texts_
    std::uint32_t width;
    Look look;
  };

  bool is_shown(std::size_t column) const { return widths_[column] != 0 || cells_.empty(); }

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;  // of each column's widest text; 0: unknown in every row
  std::vector<Kept> cells_;
  std::string texts_;  // of all cells, one behind the other, fit for a terminal
};

}  // namespace wdscope::cli
