#pragma once

#include "pipelines/migrate/draft.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

// A workflow of GitHub Actions: a stage for each job, its `run` steps in one shell text.
Draft draft_of_github(const YamlNode& file);

}  // namespace quietgate
