#include "runner/cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runner/base/text.h"

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

// The length of the escape sequence at the start of the text, or 0.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '\x1b') return 0;
  if (text[1] == '[') {
    std::size_t i = 2;
    while (i < text.size() && (text[i] < 0x40 || text[i] > 0x7e)) ++i;
    return std::min(i + 1, text.size());
  }
  if (text[1] == ']') {  // up to BEL or ESC backslash
    std::size_t i = 2;
    while (i < text.size() && text[i] != '\a' && text[i] != '\x1b') ++i;
    if (i < text.size() && text[i] == '\x1b') ++i;
    return std::min(i + 1, text.size());
  }
  return 2;
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

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const auto length = escape_length(text); length > 0) {
      text.remove_prefix(length);
      continue;
    }
    const auto character = first_character(text);
    if (text.front() == '\t') {
      out += ' ';
    } else if (!character.valid) {
      out += '?';
    } else if (is_harmless(character.code)) {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    auto length = escape_length(text);
    if (length == 0) {
      const auto character = first_character(text);
      columns += columns_of(character.code);
      length = character.bytes;
    }
    text.remove_prefix(length);
  }
  return columns;
}

std::string fitted(const Terminal& terminal, std::string_view text, int columns) {
  if (columns_of(text) <= columns) return std::string(text);
  const std::string ellipsis = terminal.unicode ? "…" : "...";
  const int room = std::max(0, columns - columns_of(ellipsis));
  std::string out;
  bool inking = false;
  for (int used = 0; !text.empty();) {
    if (const auto length = escape_length(text); length > 0) {
      out += text.substr(0, length);
      inking = text.substr(0, length) != "\x1b[0m";
      text.remove_prefix(length);
      continue;
    }
    const auto character = first_character(text);
    used += columns_of(character.code);
    if (used > room) break;
    out += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return out + ellipsis.substr(0, terminal.unicode ? std::string::npos : static_cast<std::size_t>(columns)) +
         (inking ? "\x1b[0m" : "");
}

std::string padded(std::string_view text, int columns) {
  return std::string(text) + std::string(static_cast<std::size_t>(std::max(0, columns - columns_of(text))), ' ');
}

std::string wrapped(std::string_view text, int columns, int indent) {
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    const auto width = columns_of(word);
    if (used > 0 && used + 1 + width > columns) {
      out += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      used = indent;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return out;
}

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

std::string ago(Time then, Time now) {
  if (then == Time{}) return "-";
  const auto span = now - then;
  if (span < Milliseconds{2'000}) return "just now";
  if (span < Milliseconds{60'000}) return std::to_string(span.count() / 1000) + "s ago";
  if (span < Milliseconds{3'600'000}) return std::to_string(span.count() / 60'000) + "m ago";
  if (span < Milliseconds{48 * 3'600'000}) return std::to_string(span.count() / 3'600'000) + "h ago";
  return std::to_string(span.count() / 86'400'000) + "d ago";
}

Ink ink_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return Ink::green;
    case Outcome::failed:
    case Outcome::error:
      return Ink::red;
    case Outcome::inconclusive:
    case Outcome::cancelled:
      return Ink::yellow;
    case Outcome::skipped:
      return Ink::dim;
  }
  return Ink::plain;
}

std::string mark(const Terminal& terminal, Outcome outcome) {
  const char* sign = "-";
  switch (outcome) {
    case Outcome::passed:
      sign = terminal.unicode ? "✓" : "+";
      break;
    case Outcome::failed:
      sign = terminal.unicode ? "✗" : "x";
      break;
    case Outcome::error:
      sign = terminal.unicode ? "✗" : "!";
      break;
    case Outcome::inconclusive:
      sign = "?";
      break;
    case Outcome::cancelled:
      sign = terminal.unicode ? "■" : "c";
      break;
    case Outcome::skipped:
      break;
  }
  return inked(terminal, ink_of(outcome), sign);
}

}  // namespace quietgate
