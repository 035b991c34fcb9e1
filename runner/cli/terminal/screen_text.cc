#include "runner/cli/terminal/screen_text.h"

#include <algorithm>

#include "runner/base/text.h"

namespace quietgate {

std::string printable_lines(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    result += printable(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return result;
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

std::string ago(Time then, Time now) {
  if (then == Time{}) return "-";
  const auto span = now - then;
  if (span < Milliseconds{2'000}) return "just now";
  if (span < Milliseconds{60'000}) return std::to_string(span.count() / 1000) + "s ago";
  if (span < Milliseconds{3'600'000}) return std::to_string(span.count() / 60'000) + "m ago";
  if (span < Milliseconds{48 * 3'600'000}) return std::to_string(span.count() / 3'600'000) + "h ago";
  return std::to_string(span.count() / 86'400'000) + "d ago";
}

}  // namespace quietgate
