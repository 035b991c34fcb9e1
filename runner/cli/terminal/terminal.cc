#include "runner/cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace quietgate {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool locale_is_utf8() {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos || value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

Terminal terminal_of(int descriptor, bool no_colour) {
  Terminal terminal;
  terminal.unicode = locale_is_utf8();
  const bool is_terminal = ::isatty(descriptor) == 1;
  terminal.screen = is_terminal;
  terminal.live = is_terminal && variable("TERM") != "dumb";
  terminal.colour = terminal.live && !no_colour && variable("NO_COLOR").empty();
  struct winsize size {};
  if (is_terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col > 0) terminal.width = size.ws_col;
    if (size.ws_row > 0) terminal.height = size.ws_row;
  } else if (const auto columns = std::atoi(std::string(variable("COLUMNS")).c_str()); columns > 0) {
    terminal.width = columns;
  }
  terminal.width = std::clamp(terminal.width, 20, 500);
  return terminal;
}

std::string inked(const Terminal& terminal, Ink ink, std::string_view text) {
  if (!terminal.colour || ink == Ink::plain || text.empty()) return std::string(text);
  const char* code = "";
  switch (ink) {
    case Ink::plain:
      break;
    case Ink::bold:
      code = "1";
      break;
    case Ink::dim:
      code = "2";
      break;
    case Ink::red:
      code = "31";
      break;
    case Ink::green:
      code = "32";
      break;
    case Ink::yellow:
      code = "33";
      break;
    case Ink::blue:
      code = "34";
      break;
    case Ink::cyan:
      code = "36";
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace quietgate
