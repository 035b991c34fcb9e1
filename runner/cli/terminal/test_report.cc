#include "runner/cli/terminal/test_report.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "runner/base/json.h"
#include "runner/cli/terminal/outcome_mark.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

constexpr std::size_t shown_tests = 20;
constexpr std::size_t shown_lines = 5;
constexpr int plain_width = 300;
constexpr std::int64_t tests_limit = 64LL * 1024 * 1024;

std::string test_text(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string first_lines(std::string_view message, const Terminal& terminal, int width) {
  std::string text;
  std::size_t lines = 0;
  while (!message.empty()) {
    const auto end = message.find('\n');
    const auto line = printable(message.substr(0, end));
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    if (lines++ == shown_lines) return text + "      " + inked(terminal, Ink::dim, "...") + "\n";
    text += "      " + fitted(terminal, inked(terminal, Ink::dim, line), width - 7) + "\n";
  }
  return text;
}

}  // namespace

bool worth_naming(const StageOutcome& outcome) {
  return outcome.tests && (outcome.tests->failed > 0 || outcome.tests->flaky > 0);
}

std::string troubled_tests(std::string_view tests_json, const Terminal& terminal) {
  const auto json = parse_json(tests_json);
  if (!json.is_object() || !json.contains("tests") || !json["tests"].is_array()) return {};
  std::vector<const nlohmann::json*> failed;
  std::vector<const nlohmann::json*> flaky;
  for (const auto& test : json["tests"]) {
    if (!test.is_object()) continue;
    if (test_text(test, "outcome") == to_string(Outcome::failed)) failed.push_back(&test);
    if (test.value("flaky", nlohmann::json()) == true) flaky.push_back(&test);
  }
  const int width = terminal.live ? terminal.width : plain_width;
  std::string text;
  std::size_t shown = 0;
  for (const auto* list : {&failed, &flaky}) {
    for (const auto* test : *list) {
      if (shown++ >= shown_tests) continue;
      const auto sign = list == &failed ? mark(terminal, Outcome::failed) : inked(terminal, Ink::yellow, "~");
      text += "  " + sign + " " + fitted(terminal, printable(test_text(*test, "name")), width - 12) +
              (list == &flaky ? " (flaky)" : "") + "\n" + first_lines(test_text(*test, "message"), terminal, width);
    }
  }
  if (shown > shown_tests) text += "  and " + std::to_string(shown - shown_tests) + " more\n";
  return text;
}

std::map<std::string, std::string> tests_in(AttemptStore& store, const RunRecord& record) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (stage.status == StageStatus::finished && worth_naming(stage.outcome))
      all[name] = text_of(store, {record.state.id, name, stage.attempt}, AttemptFile::tests, tests_limit);
  }
  return all;
}

}  // namespace quietgate
