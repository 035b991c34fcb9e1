#pragma once

#include <string>
#include <vector>

#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// Columns as wide as they need to be; the last one is cut at the terminal's width, so no line wraps.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string text(const Terminal& terminal, int indent = 0) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace quietgate
