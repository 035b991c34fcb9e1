// Text for people: what a stream can show, ink, columns, tables, ages. Pure, but for terminal_of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

struct Terminal {
  bool live = false;     // lines may be drawn again in place
  bool colour = false;   // never without a terminal, nor with NO_COLOR
  bool unicode = false;  // the locale is UTF-8
  int width = 80;        // columns
  int height = 24;       // lines
  bool screen = false;   // a terminal, however dumb
};

// Looks at the descriptor and the environment (NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG, COLUMNS).
Terminal terminal_of(int descriptor, bool no_colour);

enum class Ink { plain, bold, dim, red, green, yellow, blue, cyan };
std::string inked(const Terminal& terminal, Ink ink, std::string_view text);

// Foreign text made harmless: no escape sequences, no control characters, nothing that turns the direction of writing;
// a tab is a space, a byte that is no UTF-8 is a `?`.
std::string printable(std::string_view text);

// Columns that UTF-8 text takes, wide characters two; escape sequences take none.
int columns_of(std::string_view text);
// Cut to at most so many columns, with an ellipsis when something was cut. Escape sequences are kept whole.
std::string fitted(const Terminal& terminal, std::string_view text, int columns);
std::string padded(std::string_view text, int columns);
// Broken between words into lines of at most `columns`, all but the first begun by `indent` spaces.
std::string wrapped(std::string_view text, int columns, int indent);

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

std::string ago(Time then, Time now);  // `3m ago`, `just now`
// `passed` with its mark and colour.
std::string mark(const Terminal& terminal, Outcome outcome);
Ink ink_of(Outcome outcome);

}  // namespace quietgate
