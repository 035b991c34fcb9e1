#include "runner/service/run_lines.h"

#include <fmt/format.h>

#include "runner/base/text.h"
#include "runner/base/time.h"

namespace quietgate {

namespace {

constexpr std::size_t rows_at_once = 200;
constexpr std::size_t longest_cause = 500;

// One line, whatever a commit or a server wrote into it.
std::string told(const std::string& text) {
  return printable(cut_to_bytes(text, longest_cause));
}

}  // namespace

std::optional<std::string> RunLines::of(const Row& row) {
  if (const auto* asked = std::get_if<RunRequested>(&row.event)) {
    asked_[asked->run] = row.at;
    return fmt::format("{} begins: {} at {}; {}", to_string(asked->run), told(asked->branch),
                       asked->commit.substr(0, 7), told(asked->cause));
  }
  if (const auto* ended = std::get_if<RunFinished>(&row.event)) {
    const auto asked = asked_.find(ended->run);
    const auto took = asked == asked_.end() ? "" : " after " + human_duration(row.at - asked->second);
    if (asked != asked_.end()) asked_.erase(asked);
    return fmt::format("{} {}{}{}", to_string(ended->run), to_string(ended->outcome), took,
                       ended->reason.empty() ? "" : ": " + told(ended->reason));
  }
  if (const auto* skipped = std::get_if<RunSkipped>(&row.event))
    return fmt::format("{}: {} at {} runs nothing: {}", skipped->repository, told(skipped->branch),
                       skipped->commit.substr(0, 7), told(skipped->reason));
  return std::nullopt;
}

Task<void> tell_runs(Journal& journal, std::function<void(const std::string& line)> say, Stop& stop) {
  RunLines lines;
  auto cursor = journal.last();
  for (;;) {
    const auto seen = journal.bell().rings();
    auto tail = co_await read_tail(journal, cursor, rows_at_once);
    if (tail) {
      for (const auto& row : tail->rows) {
        if (const auto line = lines.of(row)) say(*line);
      }
      cursor = tail->cursor;
      if (!tail->rows.empty()) continue;
    }
    co_await journal.bell().wait(seen, stop);
  }
}

}  // namespace quietgate
