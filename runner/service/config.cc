#include "runner/service/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "pipelines/yaml/quantities.h"
#include "pipelines/yaml/reader.h"
#include "runner/model/trigger.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

const std::string repository_characters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Why no request can be below this address; empty: some can.
std::string server_problem(const std::string& url) {
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  if (!known) return "begins with neither http:// nor https://";
  const auto begin = url.find("://") + 3;
  const auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.empty()) return "names no host";
  if (authority.find('@') != std::string::npos) return "holds a name or a password";
  return url.find_first_of("?# ") == std::string::npos ? "" : "holds more than scheme, host, port and path";
}

class ConfigReader {
 public:
  ConfigReader(const SourceText& source, Diagnostics& diagnostics)
      : folder_(fs::absolute(source.path()).parent_path()), diagnostics_(diagnostics), values_(diagnostics) {}

  Config read(const YamlPointer& tree) {
    Config config;
    MapReader map(values_, {tree.get(), "the configuration", Position{}}, "the configuration");
    config.data = default_data_directory();
    if (const Found data = map.find("data")) config.data = path(data);
    if (map.valid() && config.data.empty() && diagnostics_.empty())
      diagnostics_.add({}, "there is no default for `data`, as neither HOME nor XDG_STATE_HOME is set",
                       "`data: FOLDER`");
    if (const Found listen = map.find("listen")) read_listen(listen, config);
    if (const Found hosts = map.find("hosts")) read_hosts(hosts, config);
    if (const Found count = map.find("concurrency")) config.concurrency = values_.integer(count, 1, 1000).value_or(4);
    if (const Found locks = map.find("locks")) read_locks(locks, config.locks);
    if (const Found retention = map.find("retention")) read_retention(retention, config.retention);
    if (const Found keep = map.find("keep_free")) read_keep_free(keep, config.keep_free);
    if (const Found limits = map.find("limits")) read_limits(limits, config.limits);
    if (const Found heartbeat = map.find("heartbeat")) read_heartbeat(heartbeat, config.heartbeat);
    if (const Found all = map.find("notifications")) read_notifications(all, config.notifications);
    if (const Found servers = map.find("servers")) read_servers(servers, config.servers);
    if (const Found repositories = map.require("repositories", "a list of repositories to watch"))
      read_repositories(repositories, config);
    map.finish();
    return config;
  }

 private:
  void read_locks(const Found& found, std::map<std::string, int>& out) {
    MapReader map(values_, found, "`locks`");
    for (const Found& lock : map.entries()) {
      if (values_.is_name(lock, lock.name, letters_and_digits, std::string(letters_and_digits) + "._/-", 100,
                          "a lock's name as pipelines write it: letters, digits, `.`, `_`, `/` and `-`"))
        out[lock.name] = values_.integer(lock, 1, 1000).value_or(1);
    }
  }

  void read_retention(const Found& found, RetentionRule& out) {
    MapReader map(values_, found, "`retention`");
    constexpr std::int64_t most = 1'000'000;
    if (const Found runs = map.find("runs")) out.runs = values_.integer(runs, 1, most).value_or(out.runs);
    if (const Found days = map.find("days"))
      out.age = std::chrono::hours(24 * values_.integer(days, 1, 36'500).value_or(90));
    if (const Found promotions = map.find("promotions"))
      out.promotions = values_.integer(promotions, 1, most).value_or(out.promotions);
    map.finish();
  }

  void read_keep_free(const Found& found, LowWaterRule& out) {
    const auto text = values_.loose_text(found).value_or("5%");
    const auto digits = text.find_first_not_of("0123456789");
    const bool share = digits > 0 && digits < 3 && text.substr(digits) == "%";
    const int percent = share ? std::stoi(text.substr(0, digits)) : 100;
    const auto bytes = share ? std::numeric_limits<std::uint64_t>::max() : parse_size(text);
    if (!bytes || (share && percent > 50))
      return values_.wrong(found, "`keep_free` is no share and no size", "up to 50%, or a size such as 500MiB or 2GiB");
    out = {*bytes, percent};
  }

  void read_limits(const Found& found, LimitsConfig& out) {
    MapReader map(values_, found, "`limits`");
    if (const Found log = map.find("log")) out.log = size(log, 64 << 10).value_or(out.log);
    if (const Found tree = map.find("tree")) out.tree = size(tree, 1 << 20).value_or(out.tree);
    map.finish();
  }

  std::optional<std::uint64_t> size(const Found& found, std::uint64_t least) {
    const std::string smallest =
        least < (1 << 20) ? std::to_string(least >> 10) + "KiB" : std::to_string(least >> 20) + "MiB";
    const std::string expected = "a size of at least " + smallest + ", such as 500MiB or 1GiB";
    const auto written = values_.text(found, 40);
    const auto bytes = written ? parse_size(*written) : std::nullopt;
    if (written && (!bytes || *bytes < least)) values_.wrong(found, "`" + found.name + "` is " + *written, expected);
    return bytes;
  }

  void read_heartbeat(const Found& found, HeartbeatRule& out) {
    MapReader map(values_, found, "`heartbeat`");
    if (const Found url = map.require("url", "what notices when the calls stay away")) {
      out.url = values_.text(url, 4000).value_or("");
      if (!out.url.empty() && !out.url.starts_with("http://") && !out.url.starts_with("https://"))
        values_.wrong(url, "`url` is not http or https", "an address such as https://heartbeat.example.org/ID");
    }
    if (const Found every = map.find("every"))
      out.every = values_.duration(every, Milliseconds{1'000}).value_or(out.every);
    map.finish();
  }

  void read_notifications(const Found& found, std::vector<NotificationConfig>& out) {
    for (const Found& item : values_.list(found, 1, 20)) {
      NotificationConfig notification;
      MapReader map(values_, item, "the notification");
      if (const Found url = map.require("url", "where the webhook's address is, which is a secret: {file: PATH}"))
        notification.url = read_source(url);
      if (const Found about = map.find("about")) {
        notification.about.clear();
        for (const Found& word_at : values_.list(about, 1)) {
          if (const auto word = values_.choice(word_at, {"promoted", "rolled_back", "failed", "approval"}))
            notification.about.insert(static_cast<Notice>(*word));
        }
      }
      map.finish();
      out.push_back(std::move(notification));
    }
  }

  void read_servers(const Found& found, std::vector<ServerConfig>& out) {
    for (const Found& item : values_.list(found)) {
      ServerConfig server;
      MapReader map(values_, item, "the server");
      if (const Found url = map.require("url", "the address that pipelines give as `prometheus`")) {
        server.url = values_.text(url, 4000).value_or("");
        const auto problem = server.url.empty() ? "" : server_problem(server.url);
        if (!problem.empty()) {
          diagnostics_.hide_line(url.node->at.line);
          values_.wrong(url, "`url` " + problem, "an address such as https://prometheus.example.org/path");
        }
      }
      if (const Found name = map.find("username")) server.username = values_.text(name, 1000).value_or("");
      if (const Found password = map.find("password")) server.password = read_source(password);
      const Found token = map.find("token");
      if (token) server.token = read_source(token);
      if (const Found authority = map.find("ca_file")) server.ca_file = path(authority);
      if (const Found headers = map.find("headers")) read_headers(headers, server);
      map.finish();
      if (map.valid() && server.password.has_value() != !server.username.empty())
        diagnostics_.add(item.node->at, "`username` and `password` go together", "both, or neither");
      if (token && server.password)
        diagnostics_.add(token.key_at, "a server has a password or a token, not both", "one of the two");
      out.push_back(std::move(server));
    }
  }

  void read_headers(const Found& found, ServerConfig& server) {
    MapReader map(values_, found, "`headers`");
    for (const Found& header : map.entries()) {
      if (!values_.is_name(header, header.name, letters_and_digits, std::string(letters_and_digits) + "_-", 200,
                           "a header's name: letters, digits, `_` and `-`"))
        continue;
      auto name = header.name;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      const bool secret = name == "authorization" || name == "cookie" || name == "proxy-authorization";
      if (secret || header.node->kind != YamlNode::Kind::scalar) {
        server.secret_headers[header.name] = read_source(header);
      } else {
        server.headers[header.name] = values_.text(header, 4000).value_or("");
      }
    }
  }

  std::string path(const Found& found) {
    const auto text = values_.text(found, 4000);
    if (!text) return {};
    if (*text == "~" || text->starts_with("~/")) {
      const std::string home = variable("HOME");
      if (home.empty()) values_.wrong(found, "`~` can't be resolved: HOME is not set", "an absolute path");
      return (fs::path(home) / text->substr(std::min<std::size_t>(2, text->size()))).lexically_normal().string();
    }
    return (folder_ / *text).lexically_normal().string();
  }

  void read_listen(const Found& found, Config& config) {
    const auto text = values_.text(found, 300);
    if (!text) return;
    const std::size_t colon = text->rfind(':');
    std::string address = text->substr(0, colon);
    const std::string port = colon == std::string::npos ? "" : text->substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    if (address.empty() || !digits || std::stoi(port) > 65535) {
      values_.wrong(found, fmt::format("`listen` is `{}`", *text),
                    "ADDRESS:PORT such as 127.0.0.1:8330 or [::1]:8330; port 0 picks a free one");
      return;
    }
    config.address = address;
    config.port = std::stoi(port);
  }

  void read_hosts(const Found& found, Config& config) {
    for (const Found& item : values_.list(found)) {
      auto name = values_.text(item, 253).value_or("");
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      if (name.find_first_of("/ :") != std::string::npos && !name.starts_with('['))
        values_.wrong(item, fmt::format("`{}` is not the name of a host", name),
                      "a name such as ci.example.org, without scheme and port");
      config.hosts.push_back(std::move(name));
    }
  }

  void read_repositories(const Found& found, Config& config) {
    std::set<std::string> names;
    for (const Found& item : values_.list(found, 1)) {
      config.repositories.push_back(read_repository(item));
      const std::string& name = config.repositories.back().name;
      if (!name.empty() && !names.insert(name).second)
        diagnostics_.add(item.key_at, fmt::format("two repositories are named `{}`", name), "a name for each");
    }
  }

  RepositoryConfig read_repository(const Found& found) {
    RepositoryConfig repository;
    MapReader map(values_, found, "the repository");
    if (Found name = map.require("name", "a name of lower-case letters, digits, `.`, `_` and `-`")) {
      repository.name = values_.text(name, 100).value_or("");
      name.key_at = name.node->at;
      if (!repository.name.empty())
        values_.is_name(name, repository.name, "abcdefghijklmnopqrstuvwxyz0123456789", repository_characters, 100,
                        "lower-case letters, digits, `.`, `_` and `-`; a letter or a digit first");
    }
    if (const Found url = map.require("url", "what `git clone` takes")) read_url(url, repository);
    globs(map.find("branches"), repository.branches);
    globs(map.find("protected"), repository.protected_branches);
    if (const Found file = map.find("pipeline")) repository.pipeline = values_.path(file).value_or("");
    if (const Found count = map.find("concurrency")) repository.concurrency = values_.integer(count, 1, 1000);
    if (const Found poll = map.find("poll"))
      repository.poll = values_.duration(poll, Milliseconds{100}).value_or(repository.poll);
    if (const Found deadline = map.find("deadline"))
      repository.deadline = values_.duration(deadline, Milliseconds{100}).value_or(repository.deadline);
    if (const Found credentials = map.find("credentials")) read_credentials(credentials, repository.credentials);
    if (const Found secrets = map.find("secrets")) read_secrets(secrets, repository.secrets);
    map.finish();
    return repository;
  }

  // A word before `:` makes it a URL or `host:path`; everything else is a path here.
  void read_url(const Found& found, RepositoryConfig& repository) {
    const auto text = values_.text(found, 4000);
    if (!text) return;
    repository.url = *text;
    const std::size_t scheme = text->find("://");
    if (scheme == std::string::npos) {
      const std::size_t colon = text->find(':');
      if (colon == std::string::npos || text->find('/') < colon) repository.url = path(found);
      return;
    }
    const std::string_view rest = std::string_view(*text).substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) {
      diagnostics_.hide_line(found.key_at.line);
      diagnostics_.hide_line(found.node->at.line);
      diagnostics_.add(found.key_at, "`url` holds a password", "a URL without it",
                       "give it under `credentials: {username: ..., password: {file: ...}}`");
    }
    const std::vector<std::string> schemes{"file", "http", "https", "git", "ssh"};
    if (std::find(schemes.begin(), schemes.end(), text->substr(0, scheme)) == schemes.end())
      values_.wrong(found, fmt::format("`url` begins with `{}`", text->substr(0, scheme + 3)),
                    "a path, or one of " + joined(schemes) + " followed by `://`");
  }

  void globs(const Found& found, std::vector<std::string>& out) {
    if (!found) return;
    out = values_.texts(found);
    for (const Found& item : values_.list(found)) {
      if (item.node->kind != YamlNode::Kind::scalar || item.node->text.empty()) continue;
      const std::string problem = glob_problem(item.node->text);
      if (!problem.empty())
        values_.wrong(item, fmt::format("`{}` is not a glob pattern: {}", item.node->text, problem));
    }
  }

  void read_credentials(const Found& found, CredentialsConfig& out) {
    MapReader map(values_, found, "`credentials`");
    if (const Found name = map.find("username")) out.username = values_.text(name, 1000).value_or("");
    if (const Found password = map.find("password")) out.password = read_source(password);
    if (const Found key = map.find("ssh_key")) out.ssh_key = path(key);
    if (const Found hosts = map.find("known_hosts")) out.known_hosts = path(hosts);
    if (const Found authority = map.find("ca_file")) out.ca_file = path(authority);
    map.finish();
  }

  void read_secrets(const Found& found, std::map<std::string, SecretSource>& out) {
    MapReader map(values_, found, "`secrets`");
    for (const Found& entry : map.entries()) {
      if (values_.is_name(entry, entry.name, std::string(letters) + "_", std::string(letters_and_digits) + "_", 200,
                          "a secret's name: a letter or `_`, then letters, digits or `_`"))
        out[entry.name] = read_source(entry);
    }
  }

  SecretSource read_source(const Found& found) {
    SecretSource source;
    if (found.node->kind == YamlNode::Kind::scalar) {
      // The value must not reach a terminal or a log by way of its own diagnostic.
      diagnostics_.hide_line(found.key_at.line);
      diagnostics_.hide_line(found.node->at.line);
      diagnostics_.add(found.key_at, fmt::format("`{}` is written out in the file", found.name),
                       "where its value is: {file: PATH}, {environment: NAME} or {command: [PROGRAM, ...]}",
                       "move the value out of this file, and change it if others could read the file");
      return source;
    }
    MapReader map(values_, found, fmt::format("`{}`", found.name));
    const Found file = map.find("file");
    const Found environment = map.find("environment");
    const Found command = map.find("command");
    if (file) source.file = path(file);
    if (environment) source.environment = values_.text(environment, 200).value_or("");
    if (command) {
      for (const Found& item : values_.list(command, 1)) source.command.push_back(values_.text(item).value_or(""));
    }
    map.finish();
    const int count = (file ? 1 : 0) + (environment ? 1 : 0) + (command ? 1 : 0);
    if (map.valid() && count != 1)
      diagnostics_.add(found.key_at, fmt::format("`{}` names {} sources", found.name, count == 0 ? "no" : "several"),
                       "one of file, environment, command");
    return source;
  }

  fs::path folder_;
  Diagnostics& diagnostics_;
  ValueReader values_;
};

}  // namespace

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
    if (const YamlPointer tree = parse_yaml(source, diagnostics)) config = ConfigReader(source, diagnostics).read(tree);
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
  std::string text(yaml_max_bytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad())
    return user_error(fmt::format("the configuration file {} can't be read", path),
                      "check the path and its permissions");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_config(text, path);
}

}  // namespace quietgate
