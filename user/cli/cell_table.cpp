// SPDX-License-Identifier: MIT
// A table of ten thousand processes has a hundred thousand cells, so they share one text.
#include "cli/cell_table.h"

#include <algorithm>
#include <utility>

namespace wdscope::cli {
namespace {

constexpr std::size_t kGap = 1;
constexpr std::size_t kNarrowestLast = 8;

}  // namespace

CellTable::CellTable(std::vector<Column> columns) : columns_(std::move(columns)), widths_(columns_.size()) {}

void CellTable::add(std::initializer_list<Cell> cells) {
  for (const Cell& cell : cells) {
    const std::size_t column = cells_.size() % columns_.size();
    const std::size_t before = texts_.size();
    const std::size_t width = append_printable(texts_, cell.text);
    cells_.push_back(
        {static_cast<std::uint32_t>(texts_.size() - before), static_cast<std::uint32_t>(width), cell.look});
    // Combining marks alone have no width, yet are known.
    if (texts_.size() != before) widths_[column] = std::max({widths_[column], width, std::size_t{1}});
  }
}

std::vector<std::string> CellTable::unknown_columns() const {
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!is_shown(i)) titles.push_back(columns_[i].title);
  }
  return titles;
}

std::string CellTable::render(Color color, std::optional<std::size_t> terminal) const {
  std::vector<std::size_t> widths(columns_.size());
  std::size_t used = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!is_shown(i)) continue;
    widths[i] = std::max(widths_[i], columns_[i].title.size());
    if (terminal && columns_[i].widest != 0) widths[i] = std::min(widths[i], columns_[i].widest);
    used += widths[i] + kGap;
    last = i;
  }
  used -= widths[last] + kGap;
  if (terminal) {
    const std::size_t left = *terminal > used ? *terminal - used : 0;
    widths[last] = std::min(widths[last], std::max(left, kNarrowestLast));
  }

  std::string out;
  out.reserve(texts_.size() + (row_count() + 1) * (used + columns_.size()));
  const auto append_cell = [&](std::size_t i, std::string_view text, std::size_t width, Look look) {
    const bool fits = width <= widths[i];
    if (fits && columns_[i].side == Side::Right) out.append(widths[i] - width, ' ');
    begin_look(out, look, color);
    if (fits) {
      out += text;
    } else {
      width = append_cut(out, text, widths[i], columns_[i].cut);
    }
    end_look(out, look, color);
    if (i == last) {
      out += '\n';
      return;
    }
    if (columns_[i].side == Side::Left) out.append(widths[i] - width, ' ');
    out.append(kGap, ' ');
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (is_shown(i)) append_cell(i, columns_[i].title, columns_[i].title.size(), Look::Bold);
  }
  std::string_view rest = texts_;
  std::size_t column = 0;
  for (const Kept& cell : cells_) {
    if (cell.size == 0) {
      if (is_shown(column)) append_cell(column, "-", 1, Look::Dim);
    } else {
      append_cell(column, rest.substr(0, cell.size), cell.width, cell.look);
      rest.remove_prefix(cell.size);
    }
    column = column + 1 == columns_.size() ? 0 : column + 1;
  }
  return out;
}

}  // namespace wdscope::cli
