// Keys of other systems (GitHub Actions, GitLab CI, Woodpecker, Drone), and what to write here in their place. Pure.
#pragma once

#include <string>

#include "pipelines/yaml/yaml.h"

namespace quietgate {

enum class KeyPlace { pipeline, trigger, stage };

// The remedy for a key that the place has not: the lines to write, with the value that stands in the file where it can
// be carried over. Empty: the key is no other system's.
std::string foreign_word_hint(KeyPlace place, const YamlEntry& entry);

}  // namespace quietgate
