#include "pipelines/migrate/foreign_yaml.h"

#include <algorithm>
#include <cctype>

namespace quietgate {

bool is_variable_name(std::string_view name) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string text_of_scalar(const YamlNode* node) {
  return node != nullptr && node->kind == YamlNode::Kind::scalar ? node->text : std::string();
}

std::string text_in(const YamlNode* node, const std::string& key) {
  return node == nullptr ? std::string() : text_of_scalar(node->find(key));
}

std::vector<std::string> texts_of(const YamlNode* node) {
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::scalar) return {node->text};
  std::vector<std::string> texts;
  for (const auto& item : node->items) {
    if (item->kind == YamlNode::Kind::scalar) texts.push_back(item->text);
  }
  return texts;
}

std::map<std::string, std::string> variables_of(const YamlNode* node) {
  std::map<std::string, std::string> variables;
  if (node == nullptr) return variables;
  for (const auto& entry : node->entries) {
    if (entry.value->kind == YamlNode::Kind::scalar && is_variable_name(entry.key))
      variables[entry.key] = entry.value->text;
  }
  for (const auto& text : texts_of(node)) {
    const auto sign = text.find('=');
    if (sign != std::string::npos && is_variable_name(text.substr(0, sign)))
      variables[text.substr(0, sign)] = text.substr(sign + 1);
  }
  return variables;
}

std::string commands_of(const YamlNode* node) {
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::scalar) return node->text + "\n";
  std::string lines;
  for (const auto& item : node->items) lines += commands_of(item.get());
  return lines;
}

bool is_true(const YamlNode* node) {
  return text_of_scalar(node) == "true";
}

std::string inner_path(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  while (path.ends_with("/")) path.pop_back();
  const bool leads_out =
      path == ".." || path.starts_with("../") || path.find("/../") != std::string::npos || path.ends_with("/..");
  return path.starts_with('/') || path.starts_with('~') || path == "." || leads_out ? std::string() : path;
}

}  // namespace quietgate
