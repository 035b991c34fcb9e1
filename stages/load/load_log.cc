#include "stages/load/load_log.h"

#include <algorithm>
#include <array>
#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t longest = 300;

struct Words {
  std::string error, line;
};

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

// Locust prints its counts as tables when it ends, in any case: from their heads on, rows follow.
bool begins_table(std::string_view line) {
  static constexpr std::array<std::string_view, 5> heads{"Type ", "Name ", "Response time percentiles", "# occurrences",
                                                         "Error report"};
  return std::any_of(heads.begin(), heads.end(), [&](std::string_view head) { return line.starts_with(head); });
}

bool ends_table(std::string_view line) {
  return line.starts_with('[') || line.starts_with("Traceback ");
}

// `[2026-11-23 01:15:01,240] host/ERROR/locust.main: words`: the words.
std::string_view without_prefix(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const auto colon = line.find(": ", std::min(line.find(']'), line.size()));
  return colon == std::string_view::npos ? line : line.substr(colon + 2);
}

Words words_of(std::string_view log) {
  Words found;
  bool in_traceback = false, in_table = false;
  while (!log.empty()) {
    const auto end = log.find('\n');
    auto line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.find_first_not_of(" -|\t") == std::string_view::npos) continue;
    in_table = begins_table(line) || (in_table && !ends_table(line));
    if (line.starts_with("Traceback (most recent call last)")) {
      in_traceback = true;
      continue;
    }
    if (in_traceback && (line.front() == ' ' || line.front() == '\t')) continue;
    const bool ends_traceback = std::exchange(in_traceback, false);
    if (ends_traceback || has(line, "/ERROR/") || has(line, "/CRITICAL/")) {
      found.error = without_prefix(line).substr(0, longest);
    } else if (!in_table && !has(line, "/INFO/") && !has(line, "/DEBUG/")) {
      found.line = without_prefix(line).substr(0, longest);
    }
  }
  return found;
}

}  // namespace

std::string last_error(std::string_view log) {
  return words_of(log).error;
}

std::string last_message(std::string_view log) {
  auto found = words_of(log);
  return found.error.empty() ? std::move(found.line) : std::move(found.error);
}

}  // namespace quietgate
