#include "pipelines/yaml/yaml_node.h"

#include <algorithm>
#include <string_view>

namespace quietgate {

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
