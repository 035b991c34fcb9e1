#include "runner/service/serve.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runner/adapters/workspace/attempt_folders.h"
#include "runner/api/api.h"
#include "runner/api/auth/token.h"
#include "runner/api/server/server.h"
#include "runner/leader/control_group.h"
#include "runner/service/composition.h"
#include "runner/service/config.h"
#include "runner/service/memory.h"
#include "runner/service/run_lines.h"
#include "runner/service/write_check.h"

namespace quietgate {

namespace {

int refuse(const Error& error) {
  spdlog::error("{}", error.message);
  if (!error.advice.empty()) spdlog::error("what to do: {}", error.advice);
  return error.kind == ErrorKind::user ? 2 : 1;
}

Result<Config> configuration(const ServeOptions& options) {
  Config config;
  if (!options.config.empty()) {
    auto loaded = load_config(options.config);
    if (!loaded) return loaded.error();
    config = std::move(*loaded);
  }
  if (!options.data.empty()) config.data = std::filesystem::absolute(options.data).lexically_normal();
  if (config.data.empty()) config.data = default_data_directory();
  if (config.data.empty())
    return user_error("no data directory is known", "name one: `data:` in the configuration, or --data");
  if (!options.listen.empty()) config.address = options.listen;
  if (options.port != 0) config.port = options.port;
  return config;
}

// The address that was bound, for whoever starts the service with port 0.
Result<void> write_address(const std::string& data, const std::string& address) {
  const auto path = data + "/address";
  {
    std::ofstream file(path + ".new", std::ios::trunc);
    file << address << "\n";
    file.flush();
    if (!file)
      return infrastructure_error("can't write " + path, "check the space and the permissions of the data directory");
  }
  std::error_code code;
  std::filesystem::rename(path + ".new", path, code);
  if (code) return infrastructure_error("can't write " + path + ": " + code.message());
  return {};
}

std::string host_and_port(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace

int serve(const ServeOptions& options) {
  share_heaps();
  remove_idle_control_groups();  // of leaders that were killed with an earlier service
  auto log = spdlog::stderr_color_mt("quietgate");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_default_logger(log);
  auto config = configuration(options);
  if (!config) return refuse(config.error());
  auto repositories = repositories_of(*config);
  if (!repositories) return refuse(repositories.error());

  auto notifications = notifications_of(*config);
  if (!notifications) return refuse(notifications.error());

  auto say = [](const std::string& line) { spdlog::info("{}", line); };
  CompositionOptions parts;
  parts.data = config->data;
  parts.limits = limits_of(*config);
  parts.repositories = *repositories;
  parts.say = say;
  parts.retention = config->retention;
  parts.servers = config->servers;
  parts.keep_free = config->keep_free;
  parts.bounds = config->limits;
  parts.isolation = config->isolation;
  parts.hidden = secret_files(*config, options.config);
  if (config->isolation.none)
    spdlog::warn("steps are not kept apart (`isolation: none`): each may read and do all that this service's user may");
  auto made = Composition::make(std::move(parts));
  if (!made) return refuse(made.error());
  auto& composition = **made;
  auto token = load_or_make_token(config->data);
  if (!token) return refuse(token.error());

  WriteCheck write_check([&composition] { return composition.try_to_write(); }, Milliseconds(5'000));
  const auto signals = composition.signals();
  ApiOptions api_options{QUIETGATE_VERSION,    *token,
                         config->hosts,        {},
                         &composition.queue(), [&write_check] { return write_check.why_not(WriteCheck::Clock::now()); },
                         &signals.loads,       &signals.faults,
                         &signals.deliveries,  composition.evidence_key().pem()};
  api_options.hosts.push_back(config->address.find(':') == std::string::npos ? config->address
                                                                             : "[" + config->address + "]");
  for (const auto& repository : config->repositories)
    api_options.repositories.push_back({repository.name, repository.url, repository.pipeline});
  AttemptFolders attempts(config->data);
  Api api(composition.journal(), composition.catalog(), attempts, api_options);
  Server server(composition.executor(), api,
                {.address = config->address, .port = static_cast<std::uint16_t>(config->port), .say = say});
  if (auto bound = server.listen(); !bound) return refuse(bound.error());
  const auto address = host_and_port(config->address, server.port());
  if (auto written = write_address(config->data, address); !written) return refuse(written.error());
  if (auto started = composition.journal().append_now({ServiceStarted{QUIETGATE_VERSION}}); !started)
    return refuse(started.error());
  write_check.written(WriteCheck::Clock::now());

  signals.faults.show();
  composition.tell_steps("QUIETGATE_METRICS", address);
  if (!notifications->empty()) composition.add_notifier(std::move(*notifications));
  if (!config->heartbeat.url.empty()) composition.add_heartbeat(config->heartbeat);
  composition.add("the HTTP server", [&server](Stop& stop) { return server.serve(stop); });
  composition.add_engine();
  composition.add_retention();
  if (auto added = composition.add_watchers(); !added) return refuse(added.error());
  composition.add("the log of runs", [&](Stop& stop) { return tell_runs(composition.journal(), say, stop); });
  const std::function<void()> drop_caches = [&composition] { composition.drop_caches(); };
  composition.add("the care for memory",
                  [&](Stop& stop) { return give_memory_back(composition.journal(), drop_caches, stop); });
  const auto watched = config->repositories.size();
  spdlog::info("quietgate {} serves http://{} and watches {} {}; data in {}", QUIETGATE_VERSION, address, watched,
               watched == 1 ? "repository" : "repositories", config->data);
  if (options.config.empty())
    spdlog::warn(
        "no repository is watched: list repositories in a file and start with `quietgate serve --config FILE` "
        "(docs/configuration.md)");
  if (!host_allowed(host_and_port(config->address, 0), {}))
    spdlog::warn("anyone who can reach {} can read runs and logs; changes need the token", address);
  std::string cause = "stopped";
  auto ended = composition.run([&, asked = 0](int signal) mutable {
    cause = signal == SIGINT ? "Ctrl-C" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
    if (++asked > 1) {
      spdlog::warn("{} again: ended at once; the next start resumes the unfinished work", cause);
      std::_Exit(1);
    }
    spdlog::info("{}: stopping; runs continue at the next start", cause);
    composition.stop().request(StopReason::shutdown, cause);
  });
  if (!ended) cause = ended.error().message;
  (void)composition.journal().append_now({ServiceStopped{cause}}).ok();
  std::error_code ignored;
  std::filesystem::remove(config->data + "/address", ignored);
  if (!ended) return refuse(ended.error());
  spdlog::info("stopped");
  return 0;
}

}  // namespace quietgate
