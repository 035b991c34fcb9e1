#include "runner/cli/terminal/log_end.h"

#include <algorithm>
#include <vector>

#include "runner/base/plain_file.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

constexpr std::size_t shown_lines_of_log = 15;
constexpr int widest_line = 500;

}  // namespace

bool shows_log_end(const StageState& stage) {
  const auto outcome = stage.outcome.outcome;
  const bool wrong = outcome == Outcome::failed || outcome == Outcome::error || outcome == Outcome::inconclusive;
  return stage.status == StageStatus::finished && wrong;
}

std::string log_end(std::string_view text, bool begins_inside, const Terminal& terminal) {
  if (begins_inside) {
    const auto first = text.find('\n');
    text.remove_prefix(first == std::string_view::npos ? text.size() : first + 1);
  }
  const int width = terminal.live ? terminal.width : widest_line;
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = printable(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(' ') != std::string::npos)
      lines.push_back("    " + fitted(terminal, line, std::max(20, width - 5)) + "\n");
  }
  std::string shown;
  const auto count = std::min(lines.size(), shown_lines_of_log);
  for (auto line = lines.end() - static_cast<std::ptrdiff_t>(count); line != lines.end(); ++line) shown += *line;
  return shown;
}

std::map<std::string, std::string> log_ends_in(AttemptStore& store, const RunRecord& record) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (!shows_log_end(stage)) continue;
    const auto log = store.open({record.state.id, name, stage.attempt}, AttemptFile::log);
    if (!log || !log->has_value()) continue;
    const auto from = std::max<std::int64_t>(0, (*log)->size - log_end_bytes);
    all[name] = read_plain((*log)->file, from, static_cast<std::size_t>((*log)->size - from));
  }
  return all;
}

}  // namespace quietgate
