#include "runner/cli/terminal/table.h"

#include <algorithm>

#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Table::add(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(const Terminal& terminal, int indent) const {
  std::vector<int> widths;
  for (const auto& heading : headings_) widths.push_back(columns_of(heading));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string out;
  auto line = [&](const std::vector<std::string>& cells, bool heading) {
    std::string text(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      const auto cell = heading ? inked(terminal, Ink::dim, cells[i]) : cells[i];
      text += last ? cell : padded(cell, widths[i] + 2);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    // What goes to a file or a pipe is never cut.
    out += (terminal.live ? fitted(terminal, text, terminal.width - 1) : text) + "\n";
  };
  line(headings_, true);
  for (const auto& row : rows_) line(row, false);
  return out;
}

}  // namespace quietgate
