// Reading another system's YAML: nothing is an error, what is not understood is looked over.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pipelines/migrate/draft.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

// Empty when there is none, or it is no scalar.
std::string text_in(const YamlNode* node, const std::string& key);
std::string text_of_scalar(const YamlNode* node);
// Of a scalar, or of a list's scalars.
std::vector<std::string> texts_of(const YamlNode* node);
// Of a map's scalars, and of a list of `NAME=VALUE`; names that no shell takes are left out.
std::map<std::string, std::string> variables_of(const YamlNode* node);
// Lines of commands: a text, or a list of texts (also in lists).
std::string commands_of(const YamlNode* node);
bool is_true(const YamlNode* node);

// Letters, digits and `_`, no digit first: a variable, a secret and an axis of a matrix may have the name.
bool is_variable_name(std::string_view name);
// The text without what would begin another line.
std::string one_line(std::string text);

// The path, if it is relative and stays inside; else empty.
std::string inner_path(std::string path);

// Replaces each `${{ ... }}` by what `counterpart` answers for the expression in it; where that is empty, by
// `__TODO__`, with a note.
template <class Counterpart>
std::string with_expressions(std::string_view text, std::size_t line, Draft& draft, const Counterpart& counterpart) {
  std::string out;
  for (;;) {
    const auto begin = text.find("${{");
    const auto end = begin == std::string_view::npos ? begin : text.find("}}", begin);
    out += text.substr(0, begin);
    if (end == std::string_view::npos) break;
    auto inner = text.substr(begin + 3, end - begin - 3);
    while (!inner.empty() && inner.front() == ' ') inner.remove_prefix(1);
    while (!inner.empty() && inner.back() == ' ') inner.remove_suffix(1);
    const std::string ours = counterpart(std::string(inner));
    if (ours.empty()) draft.note(line, "`" + std::string(inner) + "` has no counterpart: written as __TODO__");
    out += ours.empty() ? "__TODO__" : ours;
    text.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace quietgate
