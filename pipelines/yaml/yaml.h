// Parses YAML text to a tree with source positions. quietgate's YAML is stricter than YAML:
//   - UTF-8 only; a byte-order mark is ignored; NUL and other control characters are errors; at most 1 MiB.
//   - One document. An empty file, or one of comments only, is an error.
//   - Duplicate keys are errors. Keys are text. Tags (`!!str`, `!x`) are errors.
//   - Anchors and aliases are allowed, up to 50,000 values when expanded (100 bytes of text count as one). `<<` merges
//     one map or a list of maps: keys written in the map win, then those of the earlier map.
//   - Nesting is at most 32 levels.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipelines/yaml/diagnostics.h"

namespace quietgate {

struct YamlNode;
using YamlPointer = std::shared_ptr<const YamlNode>;

struct YamlEntry {
  std::string key;
  Position key_at;
  YamlPointer value;
};

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Position at;             // an empty value has its key's place
  std::size_t offset = 0;  // byte of the text where it starts
  bool quoted = false;     // scalar: quoted or a block, so always text
  std::string text;        // scalar
  std::vector<YamlPointer> items;
  std::vector<YamlEntry> entries;  // in the file's order, merged ones last
  std::size_t size = 1;            // values in it, aliases expanded; long text counts as several

  const YamlNode* find(const std::string& key) const;  // nullptr when absent
};

// What a plain scalar is by the core schema of YAML 1.2 (so `yes` and `on` are text); quoted ones are text.
enum class YamlType { null, boolean, integer, number, text, list, map };
YamlType type_of(const YamlNode& node);
const char* to_string(YamlType type);  // `a list`, `text`, ... for sentences

constexpr std::size_t yaml_max_bytes = 1024 * 1024;

// The tree, or nullptr with at least one diagnostic. Some problems (duplicate keys) leave a usable tree and a
// diagnostic. `ended` is called from time to time; if it returns true, there is no tree, and maybe no diagnostic.
YamlPointer parse_yaml(const SourceText& source, Diagnostics& diagnostics, const std::function<bool()>& ended = {});

// The place of a byte of a scalar's value: exact if the file contains the value literally, else the scalar's place.
Position position_in(const SourceText& source, const YamlNode& scalar, std::size_t offset, std::size_t length);

}  // namespace quietgate
