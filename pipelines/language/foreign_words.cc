#include "pipelines/language/foreign_words.h"

#include <algorithm>
#include <array>
#include <vector>

namespace quietgate {

namespace {

constexpr std::size_t most_shown_lines = 8;
constexpr std::size_t longest_shown = 200;

struct Word {
  const char* key;
  const char* remedy;
};

constexpr const char* take_over = "a whole file is taken over by: quietgate migrate FILE";

constexpr std::array pipeline_words{
    Word{"jobs", "write `stages:`; a job with steps is a stage with `test: {run: ...}`"},
    Word{"steps", "write `stages:`; steps that share their files are one stage with `test: {run: ...}`"},
    Word{"pipeline", "write `stages:`; steps that share their files are one stage with `test: {run: ...}`"},
    Word{"image", "steps run on this machine as it is: install there what the image has"},
    Word{"default", "write what it gives to every job into each stage, or use a YAML anchor (`x-...`)"},
    Word{"defaults", "write what it gives to every job into each stage, or use a YAML anchor (`x-...`)"},
    Word{"workflow", "write `on: {branches: [main]}`"},
    Word{"include", "this version reads one file"},
    Word{"permissions", "leave it out: a run has no rights at the Git server"},
    Word{"runs-on", "leave it out: stages run on the runner's machine"},
    Word{"services", "start them in an `apply` stage with `processes`"},
};

constexpr std::array trigger_words{
    Word{"push", "write its `branches` and `paths` directly under `on`"},
    Word{"paths-ignore", "write `ignore_paths`"},
    Word{"branches-ignore", "write the branches that run: `branches: [\"release/*\"]`"},
    Word{"pull_request", "leave it out: quietgate runs for pushed branches"},
    Word{"pull_requests", "leave it out: quietgate runs for pushed branches"},
    Word{"merge_request", "leave it out: quietgate runs for pushed branches"},
    Word{"schedule", "leave it out: a timer can call `quietgate start REPOSITORY`"},
    Word{"cron", "leave it out: a timer can call `quietgate start REPOSITORY`"},
    Word{"tags", "leave it out: quietgate runs for pushed branches"},
    Word{"workflow_dispatch", "leave it out: `quietgate start REPOSITORY` runs a branch by hand"},
    Word{"event", "leave it out: quietgate runs for pushed branches"},
    Word{"branch", "write `branches`"},
};

constexpr std::array stage_words{
    Word{"image", "steps run on this machine as it is: install there what the image has"},
    Word{"container", "steps run on this machine as it is: install there what the image has"},
    Word{"when", "write `if: commit.branch == 'main'`, or `if: failure()`"},
    Word{"only", "write `if: commit.branch == 'main'`"},
    Word{"except", "write `if: commit.branch != 'main'`"},
    Word{"rules", "write `if: commit.branch == 'main'`"},
    Word{"strategy", "write `matrix: {NAME: [VALUE, ...]}` directly in the stage"},
    Word{"parallel", "write `matrix: {NAME: [VALUE, ...]}`"},
    Word{"stage", "say by `needs` which stages come before"},
    Word{"runs-on", "leave it out: stages run on the runner's machine"},
    Word{"uses", "write the action's commands as `test: {run: ...}`"},
    Word{"with", "write the action's commands as `test: {run: ...}`"},
    Word{"working-directory", "write `test: {directory: ..., run: ...}`"},
    Word{"artifacts", "write it into the stage's `test`: `test: {run: ..., artifacts: [\"out/*\"]}`"},
    Word{"junit", "write it into the stage's `test`: `test: {run: ..., junit: report.xml}`"},
    Word{"reports", "write `test: {run: ..., junit: report.xml}`"},
    Word{"services", "start them in an `apply` stage with `processes`"},
    Word{"interruptible", "write `concurrency: supersede` for the pipeline"},
    Word{"secrets",
         "name them under `secrets` of the pipeline; a stage gets one by `environment: {NAME: \"${{ secrets.NAME "
         "}}\"}`"},
    Word{"settings", "write the plugin's commands as `test: {run: ...}`"},
    Word{"permissions", "leave it out: a run has no rights at the Git server"},
    Word{"extends", "use a YAML anchor: `x-base: &base {...}`, and `<<: *base` in the stage"},
    Word{"template", "use a YAML anchor: `x-base: &base {...}`, and `<<: *base` in the stage"},
    Word{"tags", "leave it out: stages run on the runner's machine"},
};

bool is_short(const std::string& text) {
  return text.size() <= longest_shown && text.find('\n') == std::string::npos;
}

std::string value_shown(const YamlEntry& entry) {
  const bool is_text = entry.value->kind == YamlNode::Kind::scalar && is_short(entry.value->text);
  return is_text ? entry.value->text : std::string();
}

// The value's texts, if it is one or a list of them and can be shown.
std::vector<std::string> command_lines(const YamlNode& value) {
  std::vector<std::string> lines;
  if (value.kind == YamlNode::Kind::scalar) {
    for (std::size_t at = 0; at < value.text.size();) {
      const auto end = std::min(value.text.find('\n', at), value.text.size());
      lines.push_back(value.text.substr(at, end - at));
      at = end + 1;
    }
  }
  for (const auto& item : value.items) {
    const auto* run = item->kind == YamlNode::Kind::map ? item->find("run") : item.get();
    if (run == nullptr || run->kind != YamlNode::Kind::scalar) continue;
    const auto more = command_lines(*run);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  const bool can_be_shown = lines.size() <= most_shown_lines && std::all_of(lines.begin(), lines.end(), is_short);
  return can_be_shown ? lines : std::vector<std::string>();
}

// A stage's commands, as its `test`.
std::string as_test(const YamlNode& value, const std::string& indent) {
  const auto lines = command_lines(value);
  if (lines.empty()) return "write the commands as `test: {run: ...}`";
  std::string text = "write\n" + indent + "test:\n" + indent + "  run: |\n";
  for (const auto& line : lines) text += indent + "    " + line + "\n";
  text.pop_back();
  return text;
}

std::string as_environment(const YamlNode& value, const std::string& indent) {
  std::string text = "write\n" + indent + "environment:";
  if (value.entries.empty() || value.entries.size() > most_shown_lines) return "write `environment: {NAME: VALUE}`";
  for (const auto& [name, at, given] : value.entries) {
    if (given->kind != YamlNode::Kind::scalar || !is_short(given->text)) return "write `environment: {NAME: VALUE}`";
    text += "\n" + indent + "  " + name + ": " + (given->quoted ? "\"" + given->text + "\"" : given->text);
  }
  return text;
}

std::string as_needs(const YamlNode& value) {
  std::string names;
  for (const auto& name : command_lines(value)) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "write `needs: [STAGE]`" : "write `needs: [" + names + "]`";
}

template <std::size_t Count>
std::string remedy_of(const std::array<Word, Count>& words, const std::string& key) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return key == word.key; });
  return found == words.end() ? std::string() : found->remedy;
}

std::string stage_hint(const YamlEntry& entry) {
  const auto& [key, at, value] = entry;
  const auto shown = value_shown(entry);
  constexpr const char* indent = "    ";
  if (key == "script" || key == "run" || key == "commands" || key == "steps" || key == "before_script" ||
      key == "after_script")
    return as_test(*value, indent);
  if (key == "env" || key == "variables") return as_environment(*value, indent);
  if (key == "depends_on" || key == "dependencies") return as_needs(*value);
  if (key == "allow_failure" || key == "continue-on-error" || key == "failure")
    return shown == "false" ? "leave it out: a failure ends the run" : "write `continue_on_error: true`";
  if (key == "timeout-minutes") return "write `timeout: " + (shown.empty() ? "10" : shown) + "m`";
  return remedy_of(stage_words, key);
}

std::string pipeline_hint(const YamlEntry& entry) {
  const auto& key = entry.key;
  if (key == "script" || key == "run" || key == "commands" || key == "before_script")
    return "write a stage for it:\nstages:\n  unit:\n    test: {run: ...}";
  if (key == "env" || key == "variables") return as_environment(*entry.value, "");
  if (key == "when" || key == "only" || key == "rules" || key == "branches" || key == "trigger")
    return "write `on: {branches: [main]}`";
  return remedy_of(pipeline_words, key);
}

}  // namespace

std::string foreign_word_hint(KeyPlace place, const YamlEntry& entry) {
  if (place == KeyPlace::trigger) return remedy_of(trigger_words, entry.key);
  if (place == KeyPlace::stage) return stage_hint(entry);
  auto hint = pipeline_hint(entry);
  const bool is_whole_file = entry.key == "jobs" || entry.key == "steps" || entry.key == "pipeline";
  return is_whole_file ? hint + "; " + take_over : hint;
}

}  // namespace quietgate
