#include "pipelines/language/stage_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "runner/model/trigger.h"

namespace quietgate {

const std::string field_name_characters = std::string(letters_and_digits) + "_-";
const std::string field_name_expected = "a letter, then letters, digits, `_` or `-`";

namespace {

// Whether a shell would read a `|` of the text as a pipe: not one of `||`, nor one in quotes.
bool has_pipe(const std::string& text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '|') {
      const bool either = text.compare(i, 2, "||") == 0;
      const bool forces = i > 0 && text[i - 1] == '>';  // `>|`
      if (!either && !forces) return true;
      if (either) ++i;
    }
  }
  return false;
}

}  // namespace

void StageFields::text(const Found& found, std::string& out) {
  text(found, out, Templates::Use::plain);
}

void StageFields::text(const Found& found, std::string& out, Templates::Use use) {
  if (!found || !values_.text(found)) return;
  if (auto value = templates_.read(found, use)) out = std::move(*value);
}

void StageFields::path(const Found& found, std::string& out) {
  if (!found || !values_.path(found)) return;
  if (auto value = templates_.read(found, Templates::Use::plain)) out = std::move(*value);
}

void StageFields::paths(const Found& found, std::vector<std::string>& out, std::size_t least) {
  if (!found) return;
  for (const Found& item : values_.list(found, least)) {
    std::string glob;
    path(item, glob);
    if (glob.empty()) continue;
    const std::string problem = glob.find("${{") == std::string::npos ? glob_problem(glob) : std::string();
    if (!problem.empty()) {
      values_.wrong(item, fmt::format("`{}` is not a glob pattern: {}", item.node->text, problem));
    } else if (std::find(out.begin(), out.end(), glob) != out.end()) {
      values_.wrong(item, fmt::format("`{}` appears twice in `{}`", glob, found.name));
    } else {
      out.push_back(std::move(glob));
    }
  }
}

void StageFields::shell_text(const Found& found, std::string& out, std::vector<std::string>& interpreter) {
  if (!found) return;
  text(found, out, Templates::Use::shell);
  interpreter = scope_.shell;
  if (out.starts_with("#!")) {
    const std::string line = out.substr(2, std::min(out.find('\n'), out.size()) - 2);
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      values_.wrong(found, "the first line is `#!` and names no program", "a program, such as #!/usr/bin/env python3");
  } else if (scope_.shell.empty() && !scope_.habits->pipe && has_pipe(out)) {
    scope_.habits->pipe = found.node->at;
  }
}

std::optional<Command> StageFields::command(const Found& found) {
  Command command;
  if (found.node->kind == YamlNode::Kind::scalar) {
    shell_text(found, command.shell, command.interpreter);
    return command;
  }
  if (found.node->kind != YamlNode::Kind::sequence) {
    values_.wrong_type(found, "text (a shell script) or a list (a program and its arguments)");
    return std::nullopt;
  }
  for (const Found& item : values_.list(found, 1)) {
    std::string argument;
    // Only the program's name must not be empty.
    if (item.node->kind == YamlNode::Kind::scalar && item.node->quoted && item.node->text.empty() &&
        !command.argv.empty()) {
      command.argv.emplace_back();
      continue;
    }
    text(item, argument, Templates::Use::argument);
    command.argv.push_back(std::move(argument));
  }
  return command;
}

void StageFields::entries(const Found& found, std::map<std::string, std::string>& out, bool variables) {
  if (!found) return;
  MapReader map(values_, found, fmt::format("`{}`", found.name));
  for (const Found& entry : map.entries()) {
    const std::string first = std::string(letters) + "_";
    if (!values_.is_name(entry, entry.name, first,
                         variables ? std::string(letters_and_digits) + "_" : field_name_characters, 200,
                         variables ? "a letter or `_`, then letters, digits or `_`"
                                   : "a letter or `_`, then letters, digits, `_` or `-`"))
      continue;
    if (!values_.loose_text(entry)) continue;
    if (auto value = templates_.read(entry, Templates::Use::plain)) out[entry.name] = std::move(*value);
  }
}

void StageFields::text_map(const Found& found, std::map<std::string, std::string>& out) {
  entries(found, out, false);
}

void StageFields::variables(const Found& found, std::map<std::string, std::string>& out) {
  entries(found, out, true);
}

void StageFields::name_window(const Found& item, StageReference::Kind kind, const std::string& key,
                              std::vector<std::string>& out) {
  const auto name = values_.text(item);
  if (!name) return;
  if (std::find(out.begin(), out.end(), *name) != out.end())
    return values_.wrong(item, fmt::format("`{}` appears twice in `{}`", *name, key));
  out.push_back(*name);
  scope_.references.push_back({kind, *name, item.node->at});
}

std::optional<std::string> StageFields::window(const Found& found) {
  std::vector<std::string> one;
  name_window(found, StageReference::Kind::one_window, found.name, one);
  return one.empty() ? std::nullopt : std::optional<std::string>(one.front());
}

std::vector<std::string> StageFields::windows(const Found& found) {
  std::vector<std::string> all;
  for (const Found& item : values_.list(found, 1)) name_window(item, StageReference::Kind::windows, found.name, all);
  return all;
}

void StageFields::artifacts_of(const Found& found) {
  if (!found) return;
  scope_.habits->hands_on = true;
  std::vector<std::string> names;
  for (const Found& item : values_.list(found, 1)) {
    const auto name = values_.text(item);
    if (!name) continue;
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      values_.wrong(item, fmt::format("`{}` appears twice in `from`", *name));
      continue;
    }
    names.push_back(*name);
    scope_.references.push_back({StageReference::Kind::artifacts, *name, item.node->at});
  }
}

void StageFields::give_outputs(std::vector<std::string> keys, bool more) {
  scope_.outputs = GivenOutputs{std::move(keys), more};
}

void StageFields::know_ports(std::vector<std::string> names) {
  scope_.in_apply = true;
  scope_.ports = std::move(names);
}

}  // namespace quietgate
