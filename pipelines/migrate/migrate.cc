#include "pipelines/migrate/migrate.h"

#include <optional>

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
  const auto draft = draft_of(*file, *system);
  if (draft.stages.empty())
    return user_error(
        path + " has no job that could be used" + (draft.notes.empty() ? "" : ": " + draft.notes.begin()->what),
        "write a pipeline by hand: quietgate init --print shows one");
  return Migration{*system, draft_text(draft, path), {draft.notes.begin(), draft.notes.end()}};
}

}  // namespace quietgate
