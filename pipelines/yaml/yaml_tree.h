// Puts a file's values together to its tree: keys, lists, aliases and merges, with the limits that hold whatever the
// file says.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/yaml/yaml_node.h"

namespace quietgate {

// Ends the parse; parse_yaml() tells the diagnostic.
struct YamlAbort {
  Diagnostic diagnostic;
};

// Takes the values in the file's order. Throws YamlAbort where there is no tree to go on with: nested too deep, too
// many values, a key that is no text. Other problems (duplicate keys) become diagnostics.
class YamlTree {
 public:
  using Anchor = std::size_t;  // 0: none

  // `diagnostics` outlives this.
  explicit YamlTree(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // A list or a map; what comes until its close() is in it.
  void open(std::shared_ptr<YamlNode> node, Anchor anchor);
  void close();
  // A value that holds no others, or is whole.
  void add(std::shared_ptr<YamlNode> node, Anchor anchor);
  void add_alias(Position at, Anchor anchor);
  // Where an empty value is said to be: at its key, or at the list that holds it; elsewhere `at`.
  Position place_of_empty(Position at) const;
  YamlPointer root() const { return root_; }  // null: there is none yet

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    Anchor anchor = 0;
    std::optional<Position> key_at;  // map: a key waits for its value
    std::string key;
    std::map<std::string, std::size_t> lines;  // of the keys so far
    std::vector<YamlPointer> merges;
  };

  void put(YamlPointer node);
  void take_key(Open& parent, const YamlNode& key);
  void take_merge(Open& parent, Position at, YamlPointer node);

  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<Anchor, YamlPointer> anchors_;
  std::optional<Position> alias_at_;  // an alias keeps its own place
  YamlPointer root_;
};

}  // namespace quietgate
