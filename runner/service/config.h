// The configuration of `quietgate serve --config FILE` (YAML; documented in docs/configuration.md). It never contains
// the value of a secret, only its source.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/engine/upkeep/heartbeat_rule.h"
#include "runner/model/types.h"
#include "runner/outbound/notification_rule.h"
#include "runner/ports/archive.h"
#include "runner/ports/disk_gauge.h"
#include "runner/service/secret_source.h"

namespace quietgate {

struct CredentialsConfig {
  std::string username;
  std::optional<SecretSource> password;  // or token
  std::string ssh_key;                   // paths are absolute; empty: not given
  std::string known_hosts;
  std::string ca_file;
  bool operator==(const CredentialsConfig&) const = default;
};

struct RepositoryConfig {
  std::string name;                         // [a-z0-9._-]
  std::string url;                          // a path is absolute
  std::vector<std::string> branches{"**"};  // branches to watch; the pipeline's `on.branches` decides which run
  std::vector<std::string> protected_branches{"main", "master"};  // globs; their runs get secrets and may promote
  std::string pipeline = ".quietgate.yaml";                       // path in the repository
  std::optional<int> concurrency;                                 // stages at once; nothing: the service's limit
  Milliseconds poll{10'000};
  Milliseconds deadline{30'000};  // of one network call
  CredentialsConfig credentials;
  std::map<std::string, SecretSource> secrets;
  bool operator==(const RepositoryConfig&) const = default;
};

// A metrics server that needs credentials, headers or an authority.
struct ServerConfig {
  std::string url;  // http or https; applies to every URL at or below it
  std::string username;
  std::optional<SecretSource> password;
  std::optional<SecretSource> token;           // sent as `Authorization: Bearer`
  std::map<std::string, std::string> headers;  // plain values
  std::map<std::string, SecretSource> secret_headers;
  std::string ca_file;  // absolute; empty: the system's
  bool operator==(const ServerConfig&) const = default;
};

// A webhook for notifications.
struct NotificationConfig {
  SecretSource url;
  std::set<Notice> about{Notice::promoted, Notice::rolled_back, Notice::failed, Notice::approval};
  bool operator==(const NotificationConfig&) const = default;
};

// Limits on the disk space of attempts.
struct LimitsConfig {
  std::uint64_t log = 1ULL << 30;  // bytes of one attempt's log; further output is dropped
  // Bytes of one attempt's tree. Larger than any commit (32 GiB), because copied trees include the commit's files.
  std::uint64_t tree = 40ULL << 30;
  bool operator==(const LimitsConfig&) const = default;
};

// How steps are kept from all that isn't theirs (docs/isolation.md).
struct IsolationConfig {
  bool none = false;               // each step may do all that the service's user may
  std::string user;                // whom a service that is root has steps run as; empty: its own choice
  std::vector<std::string> shown;  // absolute: what steps see, read-only, of what they wouldn't
  bool operator==(const IsolationConfig&) const = default;
};

struct Config {
  std::string data;  // absolute
  std::string address = "127.0.0.1";
  int port = 8330;                   // 0: any free one
  std::vector<std::string> hosts;    // lower case: further host names that the service answers to
  int concurrency = 4;               // stages at once
  std::map<std::string, int> locks;  // how many runs may hold a named lock at once; default: one
  RetentionRule retention;
  LowWaterRule keep_free;
  LimitsConfig limits;
  IsolationConfig isolation;
  std::vector<ServerConfig> servers;
  HeartbeatRule heartbeat;
  std::vector<NotificationConfig> notifications;
  std::vector<RepositoryConfig> repositories;
  bool operator==(const Config&) const = default;
};

// `$XDG_STATE_HOME/quietgate`, or `~/.local/state/quietgate`, or empty when neither variable is set.
std::string default_data_directory();

// The top-level keys of the file.
std::vector<std::string> config_keys();

// Reads the file. Relative paths in it are relative to the file's folder. Fails with kind user; the message holds every
// diagnostic, ready to print. Reads no secret.
Result<Config> load_config(const std::string& path);
// The same, from text; `path` is absolute or relative to the working directory.
Result<Config> parse_config(const std::string& text, const std::string& path);

}  // namespace quietgate
