// The abilities of an output stream, and colours for it.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

struct Terminal {
  bool live = false;     // lines can be updated in place
  bool colour = false;   // never without a terminal, nor with NO_COLOR
  bool unicode = false;  // the locale is UTF-8
  int width = 80;        // columns
  int height = 24;       // lines
  bool screen = false;   // a terminal, even a dumb one
};

// Determined by the descriptor and the environment (NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG, COLUMNS).
Terminal terminal_of(int descriptor, bool no_colour);

enum class Ink { plain, bold, dim, red, green, yellow, blue, cyan };
std::string inked(const Terminal& terminal, Ink ink, std::string_view text);

}  // namespace quietgate
