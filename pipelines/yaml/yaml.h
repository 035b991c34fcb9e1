// YAML text to a tree (yaml_node.h). Defined where YAML leaves room:
//   - UTF-8 only; a byte-order mark is ignored; NUL and other control characters are errors; at most 1 MiB.
//   - One document. An empty file, or one of comments only, is an error.
//   - Duplicate keys are errors. Keys are text. Tags (`!!str`, `!x`) are errors.
//   - Anchors and aliases are allowed, up to 50,000 values when expanded (100 bytes of text count as one). `<<` merges
//     one map or a list of maps: keys written in the map win, then those of the earlier map.
//   - Nesting is at most 32 levels.
#pragma once

#include <functional>

#include "pipelines/yaml/diagnostics.h"
#include "pipelines/yaml/yaml_node.h"

namespace quietgate {

constexpr std::size_t yaml_max_bytes = 1024 * 1024;

// The tree, or nullptr with at least one diagnostic. Some problems (duplicate keys) leave a usable tree and a
// diagnostic. `ended` is called from time to time; if it returns true, there is no tree, and maybe no diagnostic.
YamlPointer parse_yaml(const SourceText& source, Diagnostics& diagnostics, const std::function<bool()>& ended = {});

}  // namespace quietgate
