#include "pipelines/migrate/github.h"

#include "pipelines/migrate/foreign_yaml.h"

namespace quietgate {

namespace {

// Of an expression without its braces; empty: there is none.
std::string counterpart(const std::string& expression, Draft& draft, bool is_command) {
  if (expression == "github.sha") return "${{ commit.sha }}";
  if (expression == "github.run_number") return "${{ run.number }}";
  if (expression == "github.repository") return "${{ run.repository }}";
  if (expression == "github.ref_name" || expression == "github.head_ref")
    return is_command ? "$GITHUB_REF_NAME" : "${{ commit.branch }}";
  if (expression.starts_with("matrix.") && expression.find_first_of(" .()[]", 7) == std::string::npos)
    return "${{ " + expression + " }}";
  if (expression.starts_with("env.")) return is_command ? "$" + expression.substr(4) : "";
  const bool is_secret = expression.starts_with("secrets.");
  if (!is_secret || is_command) return {};
  const auto name = expression.substr(8);
  if (name.find_first_of(" .()[]&|") != std::string::npos) return {};
  draft.secrets.insert(name);
  return "${{ " + expression + " }}";
}

std::string value_text(std::string_view text, std::size_t line, Draft& draft) {
  return with_expressions(text, line, draft,
                          [&](const std::string& expression) { return counterpart(expression, draft, false); });
}

std::map<std::string, std::string> environment_of(const YamlNode* node, Draft& draft) {
  auto variables = variables_of(node);
  for (auto& [name, value] : variables) value = value_text(value, node->at.line, draft);
  return variables;
}

void read_trigger(const YamlNode* on, Draft& draft) {
  if (on == nullptr) return;
  for (const auto& event : texts_of(on)) {
    if (event == "push") draft.branches = {"**"};
    if (event != "push" && event != "workflow_dispatch")
      draft.note(on->at.line, "`on: " + event + "`: quietgate runs for pushed branches; others have no counterpart");
  }
  for (const auto& [event, at, value] : on->entries) {
    if (event == "push") {
      draft.branches = texts_of(value->find("branches"));
      draft.paths = texts_of(value->find("paths"));
      draft.ignore_paths = texts_of(value->find("paths-ignore"));
      if (draft.branches.empty()) draft.branches = {"**"};
      for (const char* key : {"branches-ignore", "tags", "tags-ignore"}) {
        if (value->find(key) != nullptr)
          draft.note(value->find(key)->at.line, std::string("`on.push.") + key + "`: write `on.branches`");
      }
    } else if (event != "workflow_dispatch") {
      draft.note(at.line, "`on." + event + "`: quietgate runs for pushed branches; others have no counterpart");
    }
  }
}

void read_action(const YamlNode& step, const std::string& action, DraftStage& stage, Draft& draft) {
  const auto line = step.at.line;
  const auto name = action.substr(0, action.find('@'));
  const auto* with = step.find("with");
  if (name == "actions/checkout") {
    for (const char* key : {"submodules", "lfs", "repository", "ref"}) {
      if (with != nullptr && with->find(key) != nullptr)
        draft.note(line, std::string("checkout with `") + key + "`: every stage has exactly the commit's files");
    }
  } else if (name == "actions/upload-artifact") {
    for (const auto& paths : texts_of(with == nullptr ? nullptr : with->find("path"))) {
      for (std::size_t at = 0; at < paths.size();) {
        const auto end = std::min(paths.find('\n', at), paths.size());
        auto path = inner_path(value_text(paths.substr(at, end - at), line, draft));
        const bool is_pattern = path.find('*') != std::string::npos;
        const bool is_file = path.find('.', path.rfind('/') + 1) != std::string::npos;
        if (!path.empty()) stage.artifacts.push_back(is_pattern || is_file ? path : path + "/**");
        if (path.empty()) draft.note(line, "artifact outside the repository: `" + paths.substr(at, end - at) + "`");
        at = end + 1;
      }
    }
  } else if (name == "actions/download-artifact") {
    stage.from = stage.needs;
    draft.note(line, "download-artifact: `from` gives every artifact of the stages before, at its own path");
  } else if (name.starts_with("actions/setup-")) {
    draft.note(line, action + ": steps run on the machine as it is; install the tool there");
  } else {
    draft.note(line, action + " is left out: write its commands as `run`");
  }
}

void read_step(const YamlNode& step, DraftStage& stage, Draft& draft) {
  const auto line = step.at.line;
  if (const auto* condition = step.find("if"); condition != nullptr) {
    draft.note(line, "step with `if: " + text_of_scalar(condition) + "` is left out");
    return;
  }
  if (const auto action = text_in(&step, "uses"); !action.empty()) return read_action(step, action, stage, draft);
  const auto* run = step.find("run");
  if (run == nullptr) return;
  const auto shell = text_in(&step, "shell");
  if (!shell.empty() && shell != "bash" && shell != "sh") {
    draft.note(line, "step with `shell: " + shell + "` is left out: see `shell` in docs/pipeline.md");
    return;
  }
  DraftStep made;
  made.text = with_expressions(text_of_scalar(run), run->at.line, draft,
                               [&](const std::string& expression) { return counterpart(expression, draft, true); });
  made.directory = inner_path(text_in(&step, "working-directory"));
  made.may_fail = is_true(step.find("continue-on-error"));
  // A variable of a step reaches the shell as text: what must not be read by it goes to the stage.
  for (auto& [name, value] : environment_of(step.find("env"), draft)) {
    if (value.find("${{") == std::string::npos) {
      made.variables[name] = value;
    } else {
      stage.environment[name] = value;
    }
  }
  stage.steps.push_back(std::move(made));
}

// `github.ref == 'refs/heads/main'` as an expression of ours; empty: it is something else.
std::string branch_of_condition(std::string text) {
  if (text.starts_with("${{") && text.ends_with("}}")) text = text.substr(3, text.size() - 5);
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  const std::string of_ref = "github.ref == 'refs/heads/";
  const std::string of_name = "github.ref_name == '";
  const auto& start = text.starts_with(of_ref) ? of_ref : of_name;
  if (!text.starts_with(start) || !text.ends_with("'") || text.size() <= start.size() + 1) return {};
  const auto branch = text.substr(start.size(), text.size() - start.size() - 1);
  return branch.find('\'') == std::string::npos ? "commit.branch == '" + branch + "'" : std::string();
}

void read_matrix(const YamlNode* strategy, DraftStage& stage, Draft& draft) {
  const auto* matrix = strategy == nullptr ? nullptr : strategy->find("matrix");
  if (matrix == nullptr) return;
  for (const auto& [axis, at, values] : matrix->entries) {
    auto texts = texts_of(values.get());
    const bool is_list =
        values->kind == YamlNode::Kind::sequence && texts.size() == values->items.size() && !texts.empty();
    if (axis == "include" || axis == "exclude" || !is_list || !is_variable_name(axis)) {
      draft.note(at.line, "`matrix." + axis + "` is left out: a matrix is lists of texts");
    } else {
      stage.matrix.emplace_back(axis, std::move(texts));
    }
  }
}

void read_job(const YamlEntry& entry, const std::string& directory, Draft& draft) {
  const auto& name = entry.key;
  const auto& job = *entry.value;
  const auto line = entry.key_at.line;
  const auto* condition = job.find("if");
  const auto ours = branch_of_condition(text_of_scalar(condition));
  if (condition != nullptr && ours.empty()) {
    draft.note(line, "job `" + name + "` with `if: " + text_of_scalar(condition) + "` is left out");
    return;
  }
  if (const auto used = text_in(&job, "uses"); !used.empty()) {
    draft.note(line, "job `" + name + "` uses " + used + ", and is left out");
    return;
  }
  DraftStage stage;
  stage.name = name;
  stage.needs = texts_of(job.find("needs"));
  stage.condition = ours;
  const auto machine = text_in(&job, "runs-on");
  if (machine.starts_with("windows") || machine.starts_with("macos"))
    draft.note(line, "`runs-on: " + machine + "` of job `" + name + "`: stages run on the runner's machine");
  stage.environment = environment_of(job.find("env"), draft);
  stage.may_fail = is_true(job.find("continue-on-error"));
  if (const auto minutes = text_in(&job, "timeout-minutes");
      !minutes.empty() && minutes.find_first_not_of("0123456789") == std::string::npos)
    stage.timeout = minutes + "m";
  read_matrix(job.find("strategy"), stage, draft);
  for (const char* key : {"container", "services", "environment", "outputs", "concurrency", "permissions"}) {
    if (const auto* value = job.find(key); value != nullptr)
      draft.note(value->at.line, std::string("`") + key + "` of job `" + name + "` is left out");
  }
  if (const auto* steps = job.find("steps"); steps != nullptr) {
    for (const auto& step : steps->items) read_step(*step, stage, draft);
  }
  auto base = directory;
  if (const auto* defaults = job.find("defaults"); defaults != nullptr && defaults->find("run") != nullptr)
    base = inner_path(text_in(defaults->find("run"), "working-directory"));
  for (auto& step : stage.steps) {
    if (step.directory.empty()) step.directory = base;
  }
  draft.stages.push_back(std::move(stage));
}

}  // namespace

Draft draft_of_github(const YamlNode& file) {
  Draft draft;
  draft.name = text_in(&file, "name");
  read_trigger(file.find("on"), draft);
  draft.environment = environment_of(file.find("env"), draft);
  std::string directory;
  if (const auto* defaults = file.find("defaults"); defaults != nullptr && defaults->find("run") != nullptr)
    directory = inner_path(text_in(defaults->find("run"), "working-directory"));
  for (const char* key : {"concurrency", "permissions"}) {
    if (const auto* value = file.find(key); value != nullptr)
      draft.note(value->at.line, std::string("`") + key + "` is left out");
  }
  if (const auto* jobs = file.find("jobs"); jobs != nullptr) {
    for (const auto& job : jobs->entries) read_job(job, directory, draft);
  }
  return draft;
}

}  // namespace quietgate
