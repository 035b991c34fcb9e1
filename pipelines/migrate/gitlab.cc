#include "pipelines/migrate/gitlab.h"

#include <algorithm>
#include <array>
#include <set>

#include "pipelines/migrate/foreign_yaml.h"

namespace quietgate {

namespace {

constexpr std::size_t most_extended = 100;
constexpr std::size_t most_jobs = 500;  // as many as a pipeline has stages

// Keys of the file that are no jobs.
constexpr std::array file_keys{"stages",   "variables",     "default",      "include", "workflow", "image",
                               "services", "before_script", "after_script", "cache",   "spec"};
// Keys of a job that steps have no counterpart for.
constexpr std::array left_out_keys{"image",        "services", "cache",          "environment", "release",
                                   "trigger",      "coverage", "resource_group", "secrets",     "pages",
                                   "after_script", "tags",     "id_tokens",      "inherit"};

class GitlabReader {
 public:
  explicit GitlabReader(const YamlNode& file) : file_(file) {}
  Draft read();

 private:
  struct Job {
    std::string name;
    std::size_t line;
    const YamlNode* node;
    std::string stage;
  };

  // The value under the key: of the job, of what it extends, or the default.
  const YamlNode* value(const YamlNode& job, const std::string& key) const;
  const YamlNode* value(const YamlNode& job, const std::string& key, std::set<const YamlNode*>& seen) const;
  const YamlNode* value_or_default(const YamlNode& job, const std::string& key) const;
  // False: it runs only under conditions that have no counterpart.
  bool read_conditions(const Job& job, DraftStage& stage);
  void read_needs(const Job& job, DraftStage& stage);
  void read_artifacts(const Job& job, DraftStage& stage);
  void read_job(const Job& job);
  void collect_jobs();
  void collect_variables(const YamlNode* node, DraftStage* stage);

  const YamlNode& file_;
  std::vector<std::string> stages_{".pre", "build", "test", "deploy", ".post"};
  std::vector<Job> jobs_;
  Draft draft_;
};

const YamlNode* GitlabReader::value(const YamlNode& job, const std::string& key) const {
  std::set<const YamlNode*> seen;
  return value(job, key, seen);
}

// Each job is looked at once, however they extend each other.
const YamlNode* GitlabReader::value(const YamlNode& job, const std::string& key,
                                    std::set<const YamlNode*>& seen) const {
  if (const auto* own = job.find(key); own != nullptr) return own;
  if (!seen.insert(&job).second || seen.size() > most_extended) return nullptr;
  auto above = texts_of(job.find("extends"));
  std::reverse(above.begin(), above.end());  // the last one wins
  for (const auto& name : above) {
    const auto* extended = file_.find(name);
    const auto* found = extended == nullptr ? nullptr : value(*extended, key, seen);
    if (found != nullptr) return found;
  }
  return nullptr;
}

const YamlNode* GitlabReader::value_or_default(const YamlNode& job, const std::string& key) const {
  if (const auto* own = value(job, key); own != nullptr) return own;
  const auto* defaults = file_.find("default");
  const auto* found = defaults == nullptr ? nullptr : defaults->find(key);
  return found == nullptr ? file_.find(key) : found;
}

// `$CI_COMMIT_BRANCH == "main"`, and the default branch, as an expression of ours; empty: it is something else.
std::string branch_condition(const std::string& text) {
  const std::string subject = "$CI_COMMIT_BRANCH ==";
  if (!text.starts_with(subject)) return {};
  auto wanted = text.substr(subject.size());
  wanted.erase(0, wanted.find_first_not_of(' '));
  if (wanted == "$CI_DEFAULT_BRANCH") return "commit.branch == 'main'";
  const bool is_quoted =
      wanted.size() > 2 && (wanted.front() == '"' || wanted.front() == '\'') && wanted.back() == wanted.front();
  if (!is_quoted) return {};
  const auto branch = wanted.substr(1, wanted.size() - 2);
  return branch.find_first_of("'\"") == std::string::npos ? "commit.branch == '" + branch + "'" : std::string();
}

std::string any_of(const std::vector<std::string>& conditions) {
  std::string all;
  for (const auto& condition : conditions) all += (all.empty() ? "" : " || ") + condition;
  return all;
}

bool GitlabReader::read_conditions(const Job& job, DraftStage& stage) {
  const auto leave_out = [&](const std::string& why) {
    draft_.note(job.line, "job `" + job.name + "` is left out: " + why);
    return false;
  };
  const auto when = text_of_scalar(value(*job.node, "when"));
  if (when == "manual") return leave_out("`when: manual`; an `approve` stage before it asks a person");
  if (when == "delayed") return leave_out("`when: delayed` has no counterpart");
  if (when == "on_failure") stage.condition = "failure()";
  if (when == "always") stage.condition = "always()";
  if (value(*job.node, "except") != nullptr) return leave_out("`except` has no counterpart; write an `if`");
  std::vector<std::string> conditions;
  if (const auto* only = value(*job.node, "only"); only != nullptr) {
    for (const auto& branch : texts_of(only)) {
      const bool is_plain = branch.find_first_of("/'\"@") == std::string::npos;
      if (!is_plain || branch == "tags" || branch == "merge_requests" || branch == "schedules")
        return leave_out("`only: " + branch + "` has no counterpart");
      if (branch != "branches" && branch != "pushes") conditions.push_back("commit.branch == '" + branch + "'");
    }
    if (only->kind == YamlNode::Kind::map) return leave_out("`only` with conditions has no counterpart; write an `if`");
  }
  if (const auto* rules = value(*job.node, "rules"); rules != nullptr) {
    for (const auto& rule : rules->items) {
      const auto condition = branch_condition(text_in(rule.get(), "if"));
      const auto rule_when = text_in(rule.get(), "when");
      const bool is_known = !condition.empty() && rule->entries.size() == (rule_when.empty() ? 1U : 2U) &&
                            (rule_when.empty() || rule_when == "on_success");
      if (!is_known) return leave_out("its `rules` have no counterpart; write an `if`");
      conditions.push_back(condition);
    }
  }
  if (!conditions.empty()) {
    const auto branches = any_of(conditions);
    stage.condition = stage.condition.empty() ? branches : stage.condition + " && (" + branches + ")";
  }
  return true;
}

void GitlabReader::read_needs(const Job& job, DraftStage& stage) {
  if (const auto* needs = value(*job.node, "needs"); needs != nullptr) {
    stage.needs = texts_of(needs);
    for (const auto& item : needs->items) {
      if (const auto name = text_in(item.get(), "job"); !name.empty()) stage.needs.push_back(name);
    }
  } else {
    // The nearest stage before that has jobs.
    auto at = std::find(stages_.begin(), stages_.end(), job.stage);
    while (stage.needs.empty() && at != stages_.begin() && at != stages_.end()) {
      --at;
      for (const auto& other : jobs_) {
        if (other.stage == *at) stage.needs.push_back(other.name);
      }
    }
  }
  // Without `needs`, a job gets what every job of the stages before it kept.
  const bool names_needs = value(*job.node, "needs") != nullptr;
  const auto place = [this](const Job& each) { return std::find(stages_.begin(), stages_.end(), each.stage); };
  for (const auto& other : jobs_) {
    const bool is_named = std::find(stage.needs.begin(), stage.needs.end(), other.name) != stage.needs.end();
    const bool is_before = names_needs ? is_named : place(other) < place(job);
    const auto* artifacts = value(*other.node, "artifacts");
    if (is_before && artifacts != nullptr && artifacts->find("paths") != nullptr) stage.from.push_back(other.name);
  }
}

void GitlabReader::read_artifacts(const Job& job, DraftStage& stage) {
  const auto* artifacts = value(*job.node, "artifacts");
  if (artifacts == nullptr) return;
  for (const auto& given : texts_of(artifacts->find("paths"))) {
    const auto path = inner_path(given);
    const bool is_folder = given.ends_with("/") || path.find_first_of("*.") == std::string::npos;
    if (path.empty() || path.find('$') != std::string::npos) {
      draft_.note(artifacts->at.line, "artifact `" + given + "` is left out");
    } else {
      stage.artifacts.push_back(is_folder ? path + "/**" : path);
    }
  }
  const auto* reports = artifacts->find("reports");
  const auto junit = texts_of(reports == nullptr ? nullptr : reports->find("junit"));
  if (!junit.empty()) stage.junit = inner_path(junit.front());
  if (junit.size() > 1) draft_.note(reports->at.line, "`junit` is one glob: write one that matches all of them");
}

// `1 hour 30 minutes`, `90m`; empty when it is none.
std::string our_duration(const std::string& text) {
  std::string made;
  std::string digits;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c >= '0' && c <= '9') {
      digits += c;
      ++at;
    } else if (c == ' ') {
      ++at;
    } else {
      auto end = at;
      while (end < text.size() && text[end] >= 'a' && text[end] <= 'z') ++end;
      const bool is_unit = end > at && !digits.empty() && std::string("smhd").find(c) != std::string::npos;
      if (!is_unit) return {};
      made += digits + c;
      digits.clear();
      at = end;
    }
  }
  return made.empty() && !digits.empty() ? digits + "s" : made;
}

void GitlabReader::collect_variables(const YamlNode* node, DraftStage* stage) {
  auto& into = stage == nullptr ? draft_.environment : stage->environment;
  for (auto& [name, given] : variables_of(node)) {
    if (given.find("${{") == std::string::npos && given.find('$') == std::string::npos)
      into[name] = given;
    else
      draft_.note(node->at.line, "variable `" + name + "` uses others, and is left out");
  }
}

void GitlabReader::read_job(const Job& job) {
  DraftStage stage;
  stage.name = job.name;
  if (!read_conditions(job, stage)) return;
  read_needs(job, stage);
  read_artifacts(job, stage);
  collect_variables(value(*job.node, "variables"), &stage);
  DraftStep step;
  step.text = commands_of(value_or_default(*job.node, "before_script")) + commands_of(value(*job.node, "script"));
  // What looks like an expression of ours is none.
  for (auto at = step.text.find("${{"); at != std::string::npos; at = step.text.find("${{", at + 4))
    step.text.insert(at, "$");
  stage.steps.push_back(std::move(step));
  stage.timeout = our_duration(text_of_scalar(value_or_default(*job.node, "timeout")));
  stage.may_fail = is_true(value(*job.node, "allow_failure"));
  const auto* retry = value_or_default(*job.node, "retry");
  const auto more = retry == nullptr                     ? ""
                    : retry->kind == YamlNode::Kind::map ? text_in(retry, "max")
                                                         : text_of_scalar(retry);
  if (more == "1" || more == "2") stage.attempts = 1 + (more[0] - '0');
  if (const auto* parallel = value(*job.node, "parallel"); parallel != nullptr) {
    const auto* matrix = parallel->find("matrix");
    const bool is_one = matrix != nullptr && matrix->items.size() == 1;
    if (!is_one) draft_.note(parallel->at.line, "`parallel` of job `" + job.name + "` is left out");
    if (is_one) {
      for (const auto& axis : matrix->items[0]->entries) {
        if (!is_variable_name(axis.key)) continue;
        stage.matrix.emplace_back(axis.key, texts_of(axis.value.get()));
        stage.environment[axis.key] = "${{ matrix." + axis.key + " }}";
      }
    }
  }
  for (const char* key : left_out_keys) {
    if (const auto* found = job.node->find(key); found != nullptr)
      draft_.note(found->at.line, std::string("`") + key + "` of job `" + job.name + "` is left out");
  }
  draft_.stages.push_back(std::move(stage));
}

void GitlabReader::collect_jobs() {
  if (const auto* stages = file_.find("stages"); stages != nullptr) {
    stages_ = texts_of(stages);
    stages_.insert(stages_.begin(), ".pre");
    stages_.push_back(".post");
  }
  for (const auto& [name, at, node] : file_.entries) {
    if (jobs_.size() == most_jobs) break;
    const bool is_key = std::find(file_keys.begin(), file_keys.end(), name) != file_keys.end();
    if (is_key || name.starts_with('.') || node->kind != YamlNode::Kind::map) continue;
    if (value(*node, "script") == nullptr) {
      draft_.note(at.line, "job `" + name + "` has no `script`, and is left out");
      continue;
    }
    auto stage = text_of_scalar(value(*node, "stage"));
    jobs_.push_back({name, at.line, node.get(), stage.empty() ? "test" : stage});
  }
  std::stable_sort(jobs_.begin(), jobs_.end(), [this](const Job& one, const Job& other) {
    const auto place = [this](const Job& job) { return std::find(stages_.begin(), stages_.end(), job.stage); };
    return place(one) < place(other);
  });
}

Draft GitlabReader::read() {
  collect_jobs();
  draft_.branches = {"**"};
  collect_variables(file_.find("variables"), nullptr);
  for (const char* key : {"include", "workflow", "image", "services", "cache", "after_script"}) {
    if (const auto* found = file_.find(key); found != nullptr)
      draft_.note(found->at.line, std::string("`") + key + "` is left out");
  }
  for (const auto& job : jobs_) read_job(job);
  return std::move(draft_);
}

}  // namespace

Draft draft_of_gitlab(const YamlNode& file) {
  return GitlabReader(file).read();
}

}  // namespace quietgate
