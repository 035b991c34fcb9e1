#include "runner/service/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runner/service/config_peers.h"
#include "runner/service/config_repositories.h"
#include "runner/service/config_upkeep.h"
#include "runner/service/config_values.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 16 * 1024;  // of the file, at a time: most are shorter

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void read_listen(const ConfigValues& values, const Found& found, Config& config) {
  const auto text = values.text(found, 300);
  if (!text) return;
  const std::size_t colon = text->rfind(':');
  std::string address = text->substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : text->substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address.empty() || !digits || std::stoi(port) > 65535) {
    values.wrong(found, fmt::format("`listen` is `{}`", *text),
                 "ADDRESS:PORT such as 127.0.0.1:8330 or [::1]:8330; port 0 picks a free one");
    return;
  }
  config.address = address;
  config.port = std::stoi(port);
}

void read_hosts(const ConfigValues& values, const Found& found, Config& config) {
  for (const Found& item : values.list(found)) {
    auto name = values.text(item, 253).value_or("");
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.find_first_of("/ :") != std::string::npos && !name.starts_with('['))
      values.wrong(item, fmt::format("`{}` is not the name of a host", name),
                   "a name such as ci.example.org, without scheme and port");
    config.hosts.push_back(std::move(name));
  }
}

void read_locks(const ConfigValues& values, const Found& found, Config& config) {
  MapReader map(values, found, "`locks`");
  for (const Found& lock : map.entries()) {
    if (values.is_name(lock, lock.name, letters_and_digits, std::string(letters_and_digits) + "._/-", 100,
                       "a lock's name as pipelines write it: letters, digits, `.`, `_`, `/` and `-`"))
      config.locks[lock.name] = values.integer(lock, 1, 1000).value_or(1);
  }
}

struct ConfigKey {
  const char* name;
  void (*read)(const ConfigValues& values, const Found& found, Config& config);
  const char* required = nullptr;  // what it must be
};

// The keys at the top, read in this order. A section's own keys are in its reader.
constexpr ConfigKey config_key_table[] = {
    {"data", [](auto& values, auto& found, auto& config) { config.data = values.local_path(found); }},
    {"listen", read_listen},
    {"hosts", read_hosts},
    {"concurrency",
     [](auto& values, auto& found, auto& config) { config.concurrency = values.integer(found, 1, 1000).value_or(4); }},
    {"locks", read_locks},
    {"retention", [](auto& values, auto& found, auto& config) { read_retention(values, found, config.retention); }},
    {"keep_free", [](auto& values, auto& found, auto& config) { read_keep_free(values, found, config.keep_free); }},
    {"limits", [](auto& values, auto& found, auto& config) { read_limits(values, found, config.limits); }},
    {"isolation", [](auto& values, auto& found, auto& config) { read_isolation(values, found, config.isolation); }},
    {"sandbox", [](auto& values, auto& found, auto& config) { read_sandbox(values, found, config.isolation); }},
    {"heartbeat", [](auto& values, auto& found, auto& config) { read_heartbeat(values, found, config.heartbeat); }},
    {"notifications",
     [](auto& values, auto& found, auto& config) { read_notifications(values, found, config.notifications); }},
    {"servers", [](auto& values, auto& found, auto& config) { read_servers(values, found, config.servers); }},
    {"repositories",
     [](auto& values, auto& found, auto& config) { read_repositories(values, found, config.repositories); },
     "a list of repositories to watch"},
};

Config read_config(const SourceText& source, const YamlPointer& tree, Diagnostics& diagnostics) {
  const ConfigValues values(source.path(), diagnostics);
  Config config;
  MapReader map(values, {tree.get(), "the configuration", Position{}}, "the configuration");
  config.data = default_data_directory();
  if (config.data.empty() && map.valid() && !map.find("data"))
    diagnostics.add({}, "`data` has no default, because neither HOME nor XDG_STATE_HOME is set", "`data: FOLDER`");
  for (const auto& key : config_key_table) {
    const Found found = key.required == nullptr ? map.find(key.name) : map.require(key.name, key.required);
    if (found) key.read(values, found, config);
  }
  map.finish();
  return config;
}

}  // namespace

std::vector<std::string> config_keys() {
  std::vector<std::string> names;
  for (const auto& key : config_key_table) names.emplace_back(key.name);
  return names;
}

std::string default_data_directory() {
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/quietgate";
  const std::string home = variable("HOME");
  return home.empty() ? std::string() : home + "/.local/state/quietgate";
}

Result<Config> parse_config(const std::string& text, const std::string& path) {
  const SourceText source(path, text);
  Diagnostics diagnostics(source);
  Config config;
  try {
    if (const YamlPointer tree = parse_yaml(source, diagnostics)) config = read_config(source, tree, diagnostics);
  } catch (const ReadingEnded&) {
    return user_error(diagnostics.print());
  }
  if (!diagnostics.empty()) return user_error(diagnostics.print());
  return config;
}

Result<Config> load_config(const std::string& path) {
  std::error_code problem;
  if (fs::is_directory(path, problem)) return user_error(fmt::format("{} is a folder, not a configuration file", path));
  std::ifstream file(path, std::ios::binary);
  std::string text;
  while (file && text.size() <= yaml_max_bytes) {
    const auto before = text.size();
    text.resize(before + block);
    file.read(text.data() + before, static_cast<std::streamsize>(block));
    text.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad())
    return user_error(fmt::format("the configuration file {} can't be read", path),
                      "check the path and its permissions");
  return parse_config(text, path);
}

}  // namespace quietgate
