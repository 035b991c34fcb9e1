#pragma once

#include "pipelines/migrate/draft.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

// A Woodpecker workflow: one stage, since its steps share their files.
Draft draft_of_woodpecker(const YamlNode& file);

}  // namespace quietgate
