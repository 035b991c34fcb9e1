// Other systems' pipeline files, turned into ours: GitHub Actions, GitLab CI, Woodpecker.
#pragma once

#include <string>
#include <vector>

#include "pipelines/migrate/draft.h"
#include "runner/base/result.h"

namespace quietgate {

enum class CiSystem { github_actions, gitlab_ci, woodpecker };
const char* to_string(CiSystem system);  // `GitHub Actions`

struct Migration {
  CiSystem system = CiSystem::github_actions;
  std::string text;                  // a pipeline file, version 1
  std::vector<MigrationNote> notes;  // what was left out, and what to look at; by line
};

// `path` tells in errors which file it is, and helps to tell which system. Fails with kind user when the text is no
// YAML, belongs to none of them, or nothing of it could be used.
Result<Migration> migrate(const std::string& text, const std::string& path);

}  // namespace quietgate
