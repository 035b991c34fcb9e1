#include "pipelines/migrate/migrate.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "pipelines/migrate/github.h"
#include "pipelines/migrate/gitlab.h"
#include "pipelines/migrate/woodpecker.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

namespace {

std::optional<CiSystem> system_of(const YamlNode& file, const std::string& path) {
  if (file.find("jobs") != nullptr) return CiSystem::github_actions;
  const bool has_steps = file.find("steps") != nullptr || file.find("pipeline") != nullptr;
  if (has_steps || path.find(".woodpecker") != std::string::npos) return CiSystem::woodpecker;
  if (path.find(".gitlab-ci") != std::string::npos) return CiSystem::gitlab_ci;
  for (const auto& entry : file.entries) {
    if (entry.value->find("script") != nullptr || entry.value->find("extends") != nullptr) return CiSystem::gitlab_ci;
  }
  return std::nullopt;
}

Draft draft_of(const YamlNode& file, CiSystem system) {
  if (system == CiSystem::github_actions) return draft_of_github(file);
  return system == CiSystem::gitlab_ci ? draft_of_gitlab(file) : draft_of_woodpecker(file);
}

struct KnownVariable {
  const char* name;
  const char* ours;
};

constexpr KnownVariable known_variables[] = {
    {"CI_COMMIT_SHA", "${{ commit.sha }}"},
    {"CI_COMMIT_SHORT_SHA", "${{ commit.short_sha }}"},
    {"CI_COMMIT_BRANCH", "${{ commit.branch }}"},
    {"CI_COMMIT_REF_NAME", "${{ commit.branch }}"},
    {"CI_COMMIT_MESSAGE", "${{ commit.message }}"},
    {"CI_COMMIT_AUTHOR", "${{ commit.author }}"},
    {"CI_PIPELINE_IID", "${{ run.number }}"},
    {"CI_PIPELINE_NUMBER", "${{ run.number }}"},
    {"GITHUB_SHA", "${{ commit.sha }}"},
    {"GITHUB_REF_NAME", "${{ commit.branch }}"},
    {"GITHUB_RUN_NUMBER", "${{ run.number }}"},
};

bool is_of_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Names in capitals that the other systems' variables begin like.
void collect_names(const std::string& text, std::set<std::string>& names) {
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    while (end < text.size() && is_of_name(text[end])) ++end;
    const auto name = text.substr(at, std::min<std::size_t>(end - at, 100));
    for (const char* start : {"CI_", "GITHUB_", "GITLAB_", "RUNNER_"}) {
      if (name.starts_with(start)) names.insert(name);
    }
    at = end + 1;
  }
}

// What the other system sets in every step, and the texts use: given by name where there is a counterpart, else told.
void give_variables(Draft& draft) {
  std::set<std::string> used;
  for (const auto& stage : draft.stages) {
    for (const auto& step : stage.steps) collect_names(step.text, used);
  }
  for (const auto& name : used) {
    const auto* known = std::find_if(std::begin(known_variables), std::end(known_variables),
                                     [&](const KnownVariable& each) { return name == each.name; });
    if (known != std::end(known_variables)) {
      draft.environment.emplace(name, known->ours);
    } else if (!draft.environment.contains(name)) {
      draft.note(1, "`$" + name + "` is set by nobody here: it is empty");
    }
  }
}

}  // namespace

const char* to_string(CiSystem system) {
  constexpr const char* names[] = {"GitHub Actions", "GitLab CI", "Woodpecker"};
  return names[static_cast<int>(system)];
}

Result<Migration> migrate(const std::string& text, const std::string& path) {
  const SourceText source(path, text);
  Diagnostics diagnostics(source);
  YamlPointer file;
  try {
    file = parse_yaml(source, diagnostics);
  } catch (const ReadingEnded&) {
    return user_error(diagnostics.print());
  }
  if (file == nullptr || !diagnostics.empty()) return user_error(diagnostics.print());
  const auto system = system_of(*file, path);
  if (!system)
    return user_error(path + " is no file of GitHub Actions, GitLab CI or Woodpecker that is known",
                      "GitHub's has `jobs`, GitLab's a job with `script`, Woodpecker's `steps`");
  auto draft = draft_of(*file, *system);
  give_variables(draft);
  if (draft.stages.empty())
    return user_error(
        path + " has no job that could be used" + (draft.notes.empty() ? "" : ": " + draft.notes.begin()->what),
        "write a pipeline by hand: quietgate init --print shows one");
  return Migration{*system, draft_text(draft, path), {draft.notes.begin(), draft.notes.end()}};
}

}  // namespace quietgate
