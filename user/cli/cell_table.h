// SPDX-License-Identifier: MIT
// Rows of cells as aligned text. Each column is as wide as its widest cell; one that is unknown in every row is left
// out and told of; the last takes what the terminal has left. Nothing reaches the terminal unescaped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/look.h"
#include "cli/printable.h"

namespace wdscope::cli {

struct Cell {
  std::string text;  // empty: unknown, shown as a dash
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
  explicit CellTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::size_t row_count() const { return rows_.size(); }

  // The titles and the rows, each ended by a newline. `columns`: the terminal's; nothing is cut without one.
  std::string render(Color color, std::optional<std::size_t> columns) const;

  // Titles of the columns that render() leaves out. None without a row.
  std::vector<std::string> unknown_columns() const;

 private:
  bool is_known(std::size_t column) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace wdscope::cli
