#include "pipelines/migrate/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace quietgate {

namespace {

constexpr std::size_t longest_name = 50;

std::string quoted_text(std::string_view text) {
  std::string quoted = "\"";
  for (const unsigned char c : text) {
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '"' || c == '\\') {
      quoted += {'\\', static_cast<char>(c)};
    } else {
      quoted += c < 0x20 || c == 0x7f ? ' ' : static_cast<char>(c);
    }
  }
  return quoted + "\"";
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ", ") + quoted_text(text);
  return "[" + list + "]";
}

std::string shell_quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// The names that the language takes, by the other system's.
std::map<std::string, std::string> names_of(const Draft& draft) {
  std::map<std::string, std::string> names;
  std::set<std::string> used;
  for (const auto& stage : draft.stages) {
    std::string name;
    for (const unsigned char c : stage.name.substr(0, longest_name))
      name += std::isalnum(c) != 0 || c == '_' || c == '-' ? static_cast<char>(c) : '-';
    const auto letter = std::find_if(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    name.erase(name.begin(), letter);
    if (name.empty()) name = "stage";
    auto free = name;
    for (int number = 2; !used.insert(free).second; ++number) free = fmt::format("{}-{}", name, number);
    names.emplace(stage.name, free);
  }
  return names;
}

std::string environment_lines(const std::map<std::string, std::string>& variables, const std::string& indent) {
  if (variables.empty()) return {};
  auto text = indent + "environment:\n";
  for (const auto& [name, value] : variables) text += fmt::format("{}  {}: {}\n", indent, name, quoted_text(value));
  return text;
}

// A step's lines; in a subshell when its folder or variables are its own.
std::string step_lines(const DraftStep& step) {
  std::string body = step.text;
  while (!body.empty() && (body.back() == '\n' || body.back() == ' ')) body.pop_back();
  body += "\n";
  const bool is_own = !step.directory.empty() || !step.variables.empty() || step.may_fail;
  if (!is_own) return body;
  // A list before `||` would run on after a failure in it.
  std::string head = step.may_fail ? "set +e\n(\nset -e\n" : "(\n";
  if (!step.directory.empty()) head += "cd " + shell_quoted(step.directory) + "\n";
  for (const auto& [name, value] : step.variables) head += "export " + name + "=" + shell_quoted(value) + "\n";
  return head + body + (step.may_fail ? ")\nset -e\n" : ")\n");
}

std::string run_lines(const DraftStage& stage) {
  std::string all;
  for (const auto& step : stage.steps) all += step_lines(step);
  if (all.find_first_not_of(" \t\n\r") == std::string::npos) all = "true\n";
  // The block says its indentation: its first line may begin with blanks.
  std::string text = "      run: |2\n";
  for (std::size_t at = 0; at < all.size();) {
    const auto end = all.find('\n', at);
    std::string line;
    for (const unsigned char c : all.substr(at, end - at)) line += c < 0x20 && c != '\t' ? ' ' : static_cast<char>(c);
    text += line.empty() ? "\n" : "        " + line + "\n";
    at = end + 1;
  }
  return text;
}

std::vector<std::string> known_of(const std::vector<std::string>& wanted,
                                  const std::map<std::string, std::string>& names) {
  std::vector<std::string> known;
  for (const auto& name : wanted) {
    const auto found = names.find(name);
    if (found != names.end() && std::find(known.begin(), known.end(), found->second) == known.end())
      known.push_back(found->second);
  }
  return known;
}

std::string stage_lines(const DraftStage& stage, const std::map<std::string, std::string>& names) {
  auto text = fmt::format("  {}:\n", names.at(stage.name));
  if (const auto needs = known_of(stage.needs, names); !needs.empty())
    text += "    needs: " + quoted_list(needs) + "\n";
  if (!stage.condition.empty()) text += "    if: " + quoted_text(stage.condition) + "\n";
  if (!stage.matrix.empty()) text += "    matrix:\n";
  for (const auto& [axis, values] : stage.matrix) text += fmt::format("      {}: {}\n", axis, quoted_list(values));
  text += environment_lines(stage.environment, "    ");
  text += "    test:\n" + run_lines(stage);
  if (!stage.junit.empty()) text += "      junit: " + quoted_text(stage.junit) + "\n";
  if (!stage.artifacts.empty()) text += "      artifacts: " + quoted_list(stage.artifacts) + "\n";
  if (const auto from = known_of(stage.from, names); !from.empty()) text += "      from: " + quoted_list(from) + "\n";
  if (!stage.timeout.empty()) text += "    timeout: " + stage.timeout + "\n";
  if (stage.attempts > 1)
    text += fmt::format("    retry: {{attempts: {}, when: [infrastructure, failed, timeout]}}\n",
                        std::min(stage.attempts, 10));
  if (stage.may_fail) text += "    continue_on_error: true\n";
  return text;
}

}  // namespace

std::string draft_text(const Draft& draft, const std::string& source) {
  std::string text = "# Made by `quietgate migrate` from " + quoted_text(source) + ".\n";
  if (!draft.notes.empty()) text += "# Look at these lines of it:\n";
  for (const auto& note : draft.notes) text += fmt::format("#   {}: {}\n", note.line, quoted_text(note.what));
  text += "version: 1\n";
  if (!draft.name.empty()) text += "name: " + quoted_text(draft.name.substr(0, 200)) + "\n";
  const bool has_trigger = !draft.branches.empty() || !draft.paths.empty() || !draft.ignore_paths.empty();
  if (has_trigger) text += "on:\n";
  if (!draft.branches.empty()) text += "  branches: " + quoted_list(draft.branches) + "\n";
  if (!draft.paths.empty()) text += "  paths: " + quoted_list(draft.paths) + "\n";
  if (!draft.ignore_paths.empty()) text += "  ignore_paths: " + quoted_list(draft.ignore_paths) + "\n";
  text += environment_lines(draft.environment, "");
  if (!draft.secrets.empty()) text += "secrets: " + quoted_list({draft.secrets.begin(), draft.secrets.end()}) + "\n";
  text += "\nstages:\n";
  const auto names = names_of(draft);
  for (const auto& stage : draft.stages) text += stage_lines(stage, names);
  return text;
}

}  // namespace quietgate
