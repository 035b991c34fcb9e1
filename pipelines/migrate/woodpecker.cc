#include "pipelines/migrate/woodpecker.h"

#include "pipelines/migrate/foreign_yaml.h"

namespace quietgate {

namespace {

// What is only done on some branches or events has no counterpart within a stage, but for pushes.
bool is_for_pushes(const YamlNode* when) {
  if (when == nullptr) return true;
  const auto is_push = [](const YamlNode& condition) {
    return condition.entries.size() == 1 && condition.entries[0].key == "event" &&
           texts_of(condition.entries[0].value.get()) == std::vector<std::string>{"push"};
  };
  if (when->kind == YamlNode::Kind::map) return is_push(*when);
  for (const auto& condition : when->items) {
    if (is_push(*condition)) return true;
  }
  return false;
}

void read_woodpecker_step(const std::string& name, const YamlNode& step, DraftStage& stage, Draft& draft) {
  const auto line = step.at.line;
  if (step.find("commands") == nullptr)
    return draft.note(line, "step `" + name + "` has no `commands` (a plugin?), and is left out");
  if (!is_for_pushes(step.find("when")))
    return draft.note(line, "step `" + name + "` is left out: its `when` has no counterpart");
  DraftStep made;
  made.text = "# " + one_line(name) + "\n" + commands_of(step.find("commands"));
  for (auto at = made.text.find("${{"); at != std::string::npos; at = made.text.find("${{", at + 4))
    made.text.insert(at, "$");
  made.directory = inner_path(text_in(&step, "directory"));
  made.may_fail = text_in(&step, "failure") == "ignore";
  const auto* environment = step.find("environment");
  made.variables = variables_of(environment);
  if (environment != nullptr) {
    for (const auto& entry : environment->entries) {
      const auto secret = text_in(entry.value.get(), "from_secret");
      if (secret.empty()) continue;
      if (!is_variable_name(entry.key) || !is_variable_name(secret)) {
        draft.note(line, "a secret of step `" + name + "` has no name that a shell takes, and is left out");
        continue;
      }
      draft.secrets.insert(secret);
      stage.environment[entry.key] = "${{ secrets." + secret + " }}";
    }
  }
  for (const char* key : {"image", "secrets", "backend_options", "volumes", "privileged"}) {
    if (const auto* found = step.find(key); found != nullptr)
      draft.note(found->at.line, std::string("`") + key + "` of step `" + name + "` is left out");
  }
  stage.steps.push_back(std::move(made));
}

}  // namespace

Draft draft_of_woodpecker(const YamlNode& file) {
  Draft draft;
  DraftStage stage;
  stage.name = "unit";
  if (const auto* when = file.find("when"); when != nullptr) {
    const auto* condition =
        when->kind == YamlNode::Kind::sequence && when->items.size() == 1 ? when->items[0].get() : when;
    draft.branches = texts_of(condition->find("branch"));
    if (draft.branches.empty() || !is_for_pushes(when)) draft.note(when->at.line, "`when`: look at `on.branches`");
  }
  if (const auto* matrix = file.find("matrix"); matrix != nullptr) {
    for (const auto& axis : matrix->entries) {
      auto values = texts_of(axis.value.get());
      if (axis.key == "include" || values.empty() || !is_variable_name(axis.key)) {
        draft.note(axis.key_at.line, "`matrix." + axis.key + "` is left out: a matrix is lists of texts");
        continue;
      }
      stage.environment[axis.key] = "${{ matrix." + axis.key + " }}";
      stage.matrix.emplace_back(axis.key, std::move(values));
    }
  }
  for (const char* key : {"services", "clone", "workspace", "labels", "platform", "depends_on", "runs_on"}) {
    if (const auto* found = file.find(key); found != nullptr)
      draft.note(found->at.line, std::string("`") + key + "` is left out");
  }
  const auto* steps = file.find("steps") == nullptr ? file.find("pipeline") : file.find("steps");
  if (steps != nullptr) {
    for (const auto& entry : steps->entries) read_woodpecker_step(entry.key, *entry.value, stage, draft);
    for (const auto& item : steps->items) read_woodpecker_step(text_in(item.get(), "name"), *item, stage, draft);
  }
  if (!stage.steps.empty()) draft.stages.push_back(std::move(stage));
  return draft;
}

}  // namespace quietgate
