#include "pipelines/yaml/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "pipelines/yaml/yaml_tree.h"
#include "runner/base/text.h"

namespace quietgate {

namespace {

// The parser reads ahead to the end of what may be a key, which can be the whole file, and keeps all that it has read.
constexpr std::size_t max_signs = 200'000;

// Makes values with places of the parser's events, so that limits hold while it parses.
class Events : public YAML::EventHandler {
 public:
  Events(const SourceText& source, Diagnostics& diagnostics, const std::function<bool()>& ended)
      : source_(source), diagnostics_(diagnostics), ended_(ended), tree_(diagnostics) {}

  YamlPointer root() const { return tree_.root(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw YamlAbort{{place(mark), "a second document starts here", "one document in the file", {}}};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = start(YamlNode::Kind::null, mark, anchor);
    // The parser reports an empty value where the next token stands.
    const std::string_view here = standing(node->offset, 4);
    const bool written = here.starts_with('~') || here == "null" || here == "Null" || here == "NULL";
    if (!written) node->at = tree_.place_of_empty(node->at);
    tree_.add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { tree_.add_alias(place(mark), anchor); }
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
    tree_.add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { tree_.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { tree_.close(); }

 private:
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
    throw YamlAbort{{node.at, fmt::format("the quote {} is never closed", quote), {}, {}}};
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    auto node = start(kind, mark, anchor);
    check_tag(tag, *node);
    tree_.open(std::move(node), anchor);
  }

  const SourceText& source_;
  Diagnostics& diagnostics_;
  const std::function<bool()>& ended_;
  std::size_t started_ = 0;
  YamlTree tree_;
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
    Events events(source, diagnostics, ended);
    while (parser.HandleNextDocument(events)) continue;
    if (events.root() && events.root()->kind != YamlNode::Kind::null) return events.root();
    diagnostics.add({}, "the file is empty", "a map");
  } catch (const YamlAbort& abort) {
    diagnostics.add(abort.diagnostic.at, abort.diagnostic.message, abort.diagnostic.expected);
  } catch (const ReadingEnded&) {
    return nullptr;
  } catch (const YAML::ParserException& problem) {
    const Diagnostic error = syntax_error(source, problem);
    diagnostics.add(error.at, error.message, error.expected, error.hint);
  }
  return nullptr;
}

}  // namespace quietgate
