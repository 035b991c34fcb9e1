#include "pipelines/yaml/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_values = 50'000;
// The parser reads ahead to the end of what may be a key, which can be the whole file, and keeps all that it has read.
constexpr std::size_t max_signs = 200'000;

// Ends the parse; never leaves this file.
struct Abort {
  Diagnostic diagnostic;
};

// Builds the tree from the parser's events, so that limits hold while it parses and an alias keeps its own place.
class Builder : public YAML::EventHandler {
 public:
  Builder(const SourceText& source, Diagnostics& diagnostics, const std::function<bool()>& ended)
      : source_(source), diagnostics_(diagnostics), ended_(ended) {}

  YamlPointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) abort(place(mark), "a second document starts here", "one document in the file");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = start(YamlNode::Kind::null, mark, anchor);
    // The parser reports an empty value where the next token stands.
    const std::string_view here = standing(node->offset, 4);
    const bool written = here.starts_with('~') || here == "null" || here == "Null" || here == "NULL";
    if (!written && !open_.empty()) {
      const Open& parent = open_.back();
      if (parent.key_at) node->at = *parent.key_at;
      if (parent.node->kind == YamlNode::Kind::sequence) node->at = parent.node->at;
    }
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) abort(place(mark), "the alias is inside the value that it refers to");
    alias_at_ = place(mark);
    add(found->second);
    alias_at_.reset();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = start(YamlNode::Kind::scalar, mark, anchor);
    check_tag(tag, *node);
    node->quoted = tag == "!";
    node->text = value;
    node->size += value.size() / 100;
    if (node->quoted) check_closed(*node);
    const std::size_t quotes = node->quoted && standing(node->offset + 1, value.size()) == value ? 2 : 0;
    if (!node->quoted || quotes == 2)
      node->at = source_.position(node->offset, std::max<std::size_t>(1, value.size() + quotes));
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    std::optional<Position> key_at;  // map: a key waits for its value
    std::string key;
    std::map<std::string, std::size_t> lines;  // of the keys so far
    std::vector<YamlPointer> merges;
  };

  [[noreturn]] static void abort(Position at, std::string message, std::string expected = {}) {
    throw Abort{{at, std::move(message), std::move(expected), {}}};
  }
  std::size_t offset(const YAML::Mark& mark) const {
    return source_.offset(static_cast<std::size_t>(std::max(mark.line, 0)),
                          static_cast<std::size_t>(std::max(mark.column, 0)));
  }
  Position place(const YAML::Mark& mark) const { return source_.position(offset(mark)); }

  std::string_view standing(std::size_t at, std::size_t length) const {
    return source_.text().substr(std::min(at, source_.text().size()), length);
  }

  std::shared_ptr<YamlNode> start(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (++started_ % 256 == 0 && ended_ && ended_()) throw ReadingEnded{};
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->offset = anchor == 0 ? offset(mark) : behind_anchor(offset(mark));
    node->at = source_.position(node->offset);
    return node;
  }
  // The mark of an anchored value is at its `&`.
  std::size_t behind_anchor(std::size_t at) const {
    const std::string_view text = source_.text();
    if (at >= text.size() || text[at] != '&') return at;
    while (at < text.size() && text[at] != ' ' && text[at] != '\n' && text[at] != '\r') ++at;
    while (at < text.size() && text[at] == ' ') ++at;
    return at;
  }
  void check_tag(const std::string& tag, const YamlNode& node) {
    if (!tag.empty() && tag != "?" && tag != "!")
      diagnostics_.add(node.at, fmt::format("the tag `{}` is not supported", tag), {}, "write the value without it");
  }
  // yaml-cpp takes the end of the file for the closing quote.
  void check_closed(const YamlNode& node) {
    const std::string_view text = source_.text();
    if (node.offset >= text.size() || (text[node.offset] != '"' && text[node.offset] != '\'')) return;
    const char quote = text[node.offset];
    for (std::size_t i = node.offset + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && quote == '"') {
        ++i;
      } else if (text[i] == quote) {
        if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return;
        ++i;
      }
    }
    abort(node.at, fmt::format("the quote {} is never closed", quote));
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Open level;
    level.node = start(kind, mark, anchor);
    level.anchor = anchor;
    check_tag(tag, *level.node);
    if (open_.size() >= max_depth) abort(level.node->at, fmt::format("nested deeper than {} levels", max_depth));
    if (!open_.empty() && open_.back().node->kind == YamlNode::Kind::map && !open_.back().key_at)
      abort(level.node->at, "a key must be text, not a list or a map");
    open_.push_back(std::move(level));
  }
  void close() {
    Open level = std::move(open_.back());
    open_.pop_back();
    merge(*level.node, level.merges);
    finish(std::move(level.node), level.anchor);
  }
  void finish(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    add(std::move(node));
  }

  void add(YamlPointer node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::map && !parent.key_at) return take_key(parent, *node);
    parent.node->size += node->size;
    if (parent.node->size > max_values) {
      abort(alias_at_.value_or(node->at), fmt::format("the file expands to more than {} values", max_values),
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
  void take_key(Open& parent, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::scalar && key.kind != YamlNode::Kind::null)
      abort(alias_at_.value_or(key.at), "a key must be text, not a list or a map");
    if (key.kind == YamlNode::Kind::null) abort(key.at, "a key is missing before the `:`");
    parent.key = key.text;
    parent.key_at = alias_at_.value_or(key.at);
    const auto [first, added] = parent.lines.emplace(key.text, parent.key_at->line);
    if (added) return;
    diagnostics_.add(*parent.key_at, fmt::format("the key `{}` appears twice in this map", key.text), {},
                     fmt::format("the first one is on line {}", first->second));
  }
  void take_merge(Open& parent, Position at, YamlPointer node) {
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
  static void merge(YamlNode& into, const std::vector<YamlPointer>& maps) {
    if (maps.empty()) return;
    std::set<std::string> present;
    for (const YamlEntry& entry : into.entries) present.insert(entry.key);
    for (const YamlPointer& map : maps) {
      for (const YamlEntry& entry : map->entries) {
        if (present.insert(entry.key).second) into.entries.push_back(entry);
      }
    }
  }

  const SourceText& source_;
  Diagnostics& diagnostics_;
  const std::function<bool()>& ended_;
  std::size_t started_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlPointer> anchors_;
  std::optional<Position> alias_at_;
  YamlPointer root_;
  int documents_ = 0;
};

// The first byte that can't stand in the file, if any.
std::optional<Diagnostic> bad_byte(const SourceText& source) {
  const std::string_view text = source.text();
  std::size_t signs = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (std::string_view("[]{},:").find(text[i]) != std::string_view::npos && ++signs > max_signs)
      return Diagnostic{
          source.position(i), "up to here the file has more than 200,000 of the characters [ ] { } , and :", {}, {}};
    const auto character = first_character(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!character.valid)
      return Diagnostic{source.position(i), fmt::format("the byte 0x{:02X} is not UTF-8", byte), "UTF-8 text", {}};
    const bool line_end = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if ((byte < 0x20 && text[i] != '\n' && text[i] != '\t' && !line_end) || byte == 0x7F)
      return Diagnostic{
          source.position(i), fmt::format("the control character 0x{:02X} is not allowed here", byte), {}, {}};
    i += character.bytes;
  }
  return std::nullopt;
}

Diagnostic syntax_error(const SourceText& source, const YAML::ParserException& problem) {
  const auto line = static_cast<std::size_t>(std::max(problem.mark.line, 0));
  const auto column = static_cast<std::size_t>(std::max(problem.mark.column, 0));
  Diagnostic diagnostic{source.position(source.offset(line, column)), "not YAML: " + problem.msg, {}, {}};
  const std::string_view text = source.line(line + 1);
  if (text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos)
    diagnostic.hint = "the line is indented with a tab; YAML requires spaces";
  if (diagnostic.hint.empty() && text.find("${{") != std::string_view::npos)
    diagnostic.hint = "inside `{}` and `[]` a text with `${{` needs quotes";
  return diagnostic;
}

}  // namespace

const YamlNode* YamlNode::find(const std::string& key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return entry.value.get();
  }
  return nullptr;
}

namespace {

constexpr std::string_view digits = "0123456789";

// Takes what is one of the characters off the front; how many.
std::size_t take(std::string_view& text, std::string_view characters) {
  const std::size_t count = std::min(text.find_first_not_of(characters), text.size());
  text.remove_prefix(count);
  return count;
}

void take_sign(std::string_view& text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
}

bool is_integer(std::string_view text) {
  const bool octal = text.starts_with("0o");
  if (octal || text.starts_with("0x")) {
    text.remove_prefix(2);
    return take(text, octal ? "01234567" : "0123456789abcdefABCDEF") > 0 && text.empty();
  }
  take_sign(text);
  return take(text, digits) > 0 && text.empty();
}

bool is_number(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  take_sign(text);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  const std::size_t whole = take(text, digits);
  const bool point = text.starts_with('.');
  if (point) text.remove_prefix(1);
  const std::size_t fraction = point ? take(text, digits) : 0;
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  take_sign(text);
  return take(text, digits) > 0 && text.empty();
}

}  // namespace

YamlType type_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return YamlType::null;
    case YamlNode::Kind::sequence:
      return YamlType::list;
    case YamlNode::Kind::map:
      return YamlType::map;
    case YamlNode::Kind::scalar:
      break;
  }
  const std::string& text = node.text;
  if (node.quoted || text.size() > 64) return YamlType::text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return YamlType::null;
  for (const char* word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (text == word) return YamlType::boolean;
  }
  if (is_integer(text)) return YamlType::integer;
  return is_number(text) ? YamlType::number : YamlType::text;
}

const char* to_string(YamlType type) {
  switch (type) {
    case YamlType::null:
      return "nothing";
    case YamlType::boolean:
      return "true or false";
    case YamlType::integer:
      return "a whole number";
    case YamlType::number:
      return "a number";
    case YamlType::text:
      return "text";
    case YamlType::list:
      return "a list";
    case YamlType::map:
      return "a map";
  }
  return "something";
}

YamlPointer parse_yaml(const SourceText& source, Diagnostics& diagnostics, const std::function<bool()>& ended) {
  if (source.text().size() > yaml_max_bytes) {
    diagnostics.add({}, fmt::format("the file has {} bytes", source.text().size()), "at most 1 MiB");
    return nullptr;
  }
  if (auto bad = bad_byte(source)) {
    diagnostics.add(bad->at, bad->message, bad->expected);
    return nullptr;
  }
  try {
    std::istringstream stream{std::string(source.text())};
    YAML::Parser parser(stream);
    Builder builder(source, diagnostics, ended);
    while (parser.HandleNextDocument(builder)) continue;
    if (builder.root() && builder.root()->kind != YamlNode::Kind::null) return builder.root();
    diagnostics.add({}, "the file is empty", "a map");
  } catch (const Abort& abort) {
    diagnostics.add(abort.diagnostic.at, abort.diagnostic.message, abort.diagnostic.expected);
  } catch (const ReadingEnded&) {
    return nullptr;
  } catch (const YAML::ParserException& problem) {
    const Diagnostic error = syntax_error(source, problem);
    diagnostics.add(error.at, error.message, error.expected, error.hint);
  }
  return nullptr;
}

Position position_in(const SourceText& source, const YamlNode& scalar, std::size_t offset, std::size_t length) {
  const std::string_view text = source.text().substr(std::min(scalar.offset, source.text().size()));
  const std::string_view value = scalar.text;
  if (scalar.kind != YamlNode::Kind::scalar || value.empty()) return scalar.at;
  offset = std::min(offset, value.size() - 1);
  // Inside `${{ }}`: the n-th one of the value is the n-th one of the file from there on.
  const std::size_t opening = value.rfind("${{", offset);
  if (opening == std::string_view::npos) {
    const std::size_t start = text.starts_with('"') || text.starts_with('\'') ? 1 : 0;
    if (text.substr(start, offset + 1) == value.substr(0, offset + 1))
      return source.position(scalar.offset + start + offset, length);
    return scalar.at;
  }
  std::size_t at = text.starts_with('|') || text.starts_with('>') ? text.find('\n') : 0;
  for (std::size_t v = value.find("${{"); at != std::string_view::npos; v = value.find("${{", v + 1), ++at) {
    at = text.find("${{", at);
    if (at == std::string_view::npos || v == opening) break;
  }
  if (at == std::string_view::npos) return scalar.at;
  const std::size_t inside = offset - opening;
  if (text.substr(at, inside + 1) == value.substr(opening, inside + 1))
    return source.position(scalar.offset + at + inside, length);
  return source.position(scalar.offset + at, 3);
}

}  // namespace quietgate
