// SPDX-License-Identifier: MIT
#include "cli/cell_table.h"

#include <algorithm>

namespace wdscope::cli {
namespace {

constexpr std::size_t kGap = 1;
constexpr std::size_t kNarrowestLast = 8;

struct Piece {
  std::string text;
  std::size_t width;
};

bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

// What follows the last character that needs care stands as it is, one column a character: nearly every cell is that
// alone, and of a tree's everything behind its lines.
Piece printable(std::string_view text) {
  std::size_t careful = text.size();
  while (careful != 0 && is_plain(text[careful - 1])) --careful;
  Piece piece{{}, 0};
  if (careful != 0) piece.width = append_printable(piece.text, text.substr(0, careful));
  piece.text += text.substr(careful);
  piece.width += text.size() - careful;
  return piece;
}

std::size_t width_of(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_plain) ? text.size() : printable(text).width;
}

}  // namespace

bool CellTable::is_known(std::size_t column) const {
  return rows_.empty() || std::any_of(rows_.begin(), rows_.end(),
                                      [column](const std::vector<Cell>& row) { return !row[column].text.empty(); });
}

std::vector<std::string> CellTable::unknown_columns() const {
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!is_known(i)) titles.push_back(columns_[i].title);
  }
  return titles;
}

std::string CellTable::render(Color color, std::optional<std::size_t> terminal) const {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (is_known(i)) shown.push_back(i);
  }
  std::vector<std::size_t> widths(columns_.size());
  std::size_t used = 0;
  for (const std::size_t i : shown) {
    widths[i] = columns_[i].title.size();
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i].text));
    if (terminal && columns_[i].widest != 0) widths[i] = std::min(widths[i], columns_[i].widest);
    if (i != shown.back()) used += widths[i] + kGap;
  }
  if (terminal && !shown.empty()) {
    const std::size_t left = *terminal > used ? *terminal - used : 0;
    widths[shown.back()] = std::min(widths[shown.back()], std::max(left, kNarrowestLast));
  }

  std::string out;
  const auto add_line = [&](const auto& cell_of) {
    for (const std::size_t i : shown) {
      const Cell& cell = cell_of(i);
      const bool unknown = cell.text.empty();
      Piece piece = printable(unknown ? "-" : cell.text);
      if (piece.width > widths[i]) {
        piece.text.clear();
        piece.width = append_cut(piece.text, cell.text, widths[i], columns_[i].cut);
      }
      const std::size_t padding = widths[i] > piece.width ? widths[i] - piece.width : 0;
      const Look look = unknown ? Look::Dim : cell.look;
      if (columns_[i].side == Side::Right) out.append(padding, ' ');
      begin_look(out, look, color);
      out += piece.text;
      end_look(out, look, color);
      if (i == shown.back()) break;
      if (columns_[i].side == Side::Left) out.append(padding, ' ');
      out.append(kGap, ' ');
    }
    out += '\n';
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Look::Bold});
  add_line([&](std::size_t i) -> const Cell& { return titles[i]; });
  for (const auto& row : rows_) add_line([&](std::size_t i) -> const Cell& { return row[i]; });
  return out;
}

}  // namespace wdscope::cli
