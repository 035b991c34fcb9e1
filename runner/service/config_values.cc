#include "runner/service/config_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runner/model/trigger.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

std::string home_directory() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

}  // namespace

ConfigValues::ConfigValues(const std::string& file, Diagnostics& diagnostics)
    : ValueReader(diagnostics), folder_(fs::absolute(file).parent_path()) {}

std::string ConfigValues::local_path(const Found& found) const {
  const auto written = text(found, 4000);
  if (!written) return {};
  if (*written == "~" || written->starts_with("~/")) {
    const std::string home = home_directory();
    if (home.empty()) wrong(found, "`~` can't be resolved: HOME is not set", "an absolute path");
    return (fs::path(home) / written->substr(std::min<std::size_t>(2, written->size()))).lexically_normal().string();
  }
  return (folder_ / *written).lexically_normal().string();
}

std::optional<std::uint64_t> ConfigValues::size(const Found& found, std::uint64_t least) const {
  const std::string smallest =
      least < (1 << 20) ? std::to_string(least >> 10) + "KiB" : std::to_string(least >> 20) + "MiB";
  const std::string expected = "a size of at least " + smallest + ", such as 500MiB or 1GiB";
  const auto written = text(found, 40);
  const auto bytes = written ? parse_size(*written) : std::nullopt;
  if (written && (!bytes || *bytes < least)) wrong(found, "`" + found.name + "` is " + *written, expected);
  return bytes;
}

void ConfigValues::globs(const Found& found, std::vector<std::string>& out) const {
  out = texts(found);
  for (const Found& item : list(found)) {
    if (item.node->kind != YamlNode::Kind::scalar || item.node->text.empty()) continue;
    const std::string problem = glob_problem(item.node->text);
    if (!problem.empty()) wrong(item, fmt::format("`{}` is not a glob pattern: {}", item.node->text, problem));
  }
}

SecretSource ConfigValues::source(const Found& found) const {
  SecretSource read;
  if (found.node->kind == YamlNode::Kind::scalar) {
    // The value must not reach a terminal or a log by way of its own diagnostic.
    diagnostics().hide_line(found.key_at.line);
    diagnostics().hide_line(found.node->at.line);
    diagnostics().add(found.key_at, fmt::format("the value of `{}` is written in the file", found.name),
                      "the source of the value: {file: PATH}, {environment: NAME} or {command: [PROGRAM, ...]}",
                      "move the value out of this file, and change it if others could read the file");
    return read;
  }
  MapReader map(*this, found, fmt::format("`{}`", found.name));
  const Found file = map.find("file");
  const Found environment = map.find("environment");
  const Found command = map.find("command");
  if (file) read.file = local_path(file);
  if (environment) read.environment = text(environment, 200).value_or("");
  if (command) {
    for (const Found& item : list(command, 1)) read.command.push_back(text(item).value_or(""));
  }
  map.finish();
  const int count = (file ? 1 : 0) + (environment ? 1 : 0) + (command ? 1 : 0);
  if (map.valid() && count != 1)
    diagnostics().add(found.key_at, fmt::format("`{}` names {} sources", found.name, count == 0 ? "no" : "several"),
                      "one of file, environment, command");
  return read;
}

}  // namespace quietgate
