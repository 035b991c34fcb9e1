#pragma once

#include "pipelines/migrate/draft.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

// A .gitlab-ci.yml: a stage for each job; without `needs`, it comes after every job of the stage before.
Draft draft_of_gitlab(const YamlNode& file);

}  // namespace quietgate
