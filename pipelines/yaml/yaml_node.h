// A tree of YAML values in which everything has a place.
#pragma once

#include <memory>
#include <string>
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

// The place of a byte of a scalar's value: exact if the file contains the value literally, else the scalar's place.
Position position_in(const SourceText& source, const YamlNode& scalar, std::size_t offset, std::size_t length);

}  // namespace quietgate
