#include "pipelines/yaml/yaml_tree.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_values = 50'000;

[[noreturn]] void abort_at(Position at, std::string message, std::string expected = {}) {
  throw YamlAbort{{at, std::move(message), std::move(expected), {}}};
}

void merge_maps(YamlNode& into, const std::vector<YamlPointer>& maps) {
  if (maps.empty()) return;
  std::set<std::string> present;
  for (const YamlEntry& entry : into.entries) present.insert(entry.key);
  for (const YamlPointer& map : maps) {
    for (const YamlEntry& entry : map->entries) {
      if (present.insert(entry.key).second) into.entries.push_back(entry);
    }
  }
}

}  // namespace

void YamlTree::open(std::shared_ptr<YamlNode> node, Anchor anchor) {
  if (open_.size() >= max_depth) abort_at(node->at, fmt::format("nested deeper than {} levels", max_depth));
  if (!open_.empty() && open_.back().node->kind == YamlNode::Kind::map && !open_.back().key_at)
    abort_at(node->at, "a key must be text, not a list or a map");
  Open level;
  level.node = std::move(node);
  level.anchor = anchor;
  open_.push_back(std::move(level));
}

void YamlTree::close() {
  Open level = std::move(open_.back());
  open_.pop_back();
  merge_maps(*level.node, level.merges);
  add(std::move(level.node), level.anchor);
}

void YamlTree::add(std::shared_ptr<YamlNode> node, Anchor anchor) {
  if (anchor != 0) anchors_[anchor] = node;
  put(std::move(node));
}

void YamlTree::add_alias(Position at, Anchor anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) abort_at(at, "the alias is inside the value that it refers to");
  alias_at_ = at;
  put(found->second);
  alias_at_.reset();
}

Position YamlTree::place_of_empty(Position at) const {
  if (open_.empty()) return at;
  const Open& parent = open_.back();
  if (parent.node->kind == YamlNode::Kind::sequence) return parent.node->at;
  return parent.key_at.value_or(at);
}

void YamlTree::put(YamlPointer node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& parent = open_.back();
  if (parent.node->kind == YamlNode::Kind::map && !parent.key_at) return take_key(parent, *node);
  parent.node->size += node->size;
  if (parent.node->size > max_values) {
    abort_at(alias_at_.value_or(node->at), fmt::format("the file expands to more than {} values", max_values),
             "fewer values, or aliases that do not multiply");
  }
  if (parent.node->kind == YamlNode::Kind::sequence) {
    parent.node->items.push_back(std::move(node));
    return;
  }
  const Position key_at = *std::exchange(parent.key_at, std::nullopt);
  if (parent.key == "<<") return take_merge(parent, key_at, std::move(node));
  parent.node->entries.push_back({parent.key, key_at, std::move(node)});
}

void YamlTree::take_key(Open& parent, const YamlNode& key) {
  if (key.kind != YamlNode::Kind::scalar && key.kind != YamlNode::Kind::null)
    abort_at(alias_at_.value_or(key.at), "a key must be text, not a list or a map");
  if (key.kind == YamlNode::Kind::null) abort_at(key.at, "a key is missing before the `:`");
  parent.key = key.text;
  parent.key_at = alias_at_.value_or(key.at);
  const auto [first, added] = parent.lines.emplace(key.text, parent.key_at->line);
  if (added) return;
  diagnostics_.add(*parent.key_at, fmt::format("the key `{}` appears twice in this map", key.text), {},
                   fmt::format("the first one is on line {}", first->second));
}

void YamlTree::take_merge(Open& parent, Position at, YamlPointer node) {
  const bool list = node->kind == YamlNode::Kind::sequence;
  const std::vector<YamlPointer> maps = list ? node->items : std::vector<YamlPointer>{node};
  for (const YamlPointer& map : maps) {
    if (map->kind != YamlNode::Kind::map) {
      diagnostics_.add(at, "`<<` merges maps only", "an alias of a map, or a list of such aliases");
      return;
    }
    parent.merges.push_back(map);
  }
}

}  // namespace quietgate
