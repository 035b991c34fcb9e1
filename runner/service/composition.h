// All parts of a service, or of one local run, as members in order of their dependencies.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runner/adapters/http/http_access.h"
#include "runner/adapters/sealer/evidence_key.h"
#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/engine/admission/slots.h"
#include "runner/engine/repository.h"
#include "runner/engine/upkeep/heartbeat_rule.h"
#include "runner/ports/inline_catalog.h"
#include "runner/ports/inline_journal.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/progress_board.h"
#include "runner/ports/synthetic_faults.h"
#include "runner/ports/watchdog_deliveries.h"
#include "runner/service/config.h"

namespace quietgate {

struct CompositionOptions {
  std::string data;  // absolute; created if missing
  Limits limits;
  bool promote = true;  // false: gates are judged, no ref is moved
  std::vector<Repository> repositories;
  std::function<void(const std::string& line)> say;  // the service's own log
  RetentionRule retention{};                         // for add_retention
  std::vector<ServerConfig> servers{};
  LowWaterRule keep_free{};
  bool release = true;  // false: kept environments are left alone
  LimitsConfig bounds{};
  IsolationConfig isolation{};
  std::vector<std::string> hidden{};  // from steps: files that hold secrets, or say where they are
};

// One per data directory: a lock keeps a second one out.
class Composition {
 public:
  // Fails if the data directory can't be created or is in use by another quietgate, or if the journal can't be opened.
  static Result<std::unique_ptr<Composition>> make(CompositionOptions options);
  ~Composition();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  Executor executor();
  InlineJournal& journal();
  Result<void> try_to_write();  // whether the journal can be written
  void drop_caches();           // the journal's caches
  InlineCatalog& catalog();
  Queue& queue();
  // Ports that running stages share with the service.
  struct Signals {
    const LoadMetrics& loads;
    SyntheticFaults& faults;
    WatchdogDeliveries& deliveries;
    const ProgressBoard& progress;
  };
  Signals signals();
  const PublicKey& evidence_key() const;
  void tell_steps(const std::string& variable,
                  const std::string& value);  // in the environment of every step that starts from now on

  // Starts a loop of the service. If it ends with anything but Stopped, `stop()` is requested with the error.
  void add(const std::string& name, std::function<Task<void>(Stop&)> loop);
  void add_engine();            // supervisor and reaper
  void add_retention();         // removes old runs, and files that a crash left behind
  Result<void> add_watchers();  // one per repository
  void add_heartbeat(HeartbeatRule rule);
  void add_notifier(std::vector<NotificationRule> rules);
  Stop& stop();

  // Runs the loop until every added loop has ended. Each SIGTERM, SIGINT and SIGHUP calls `on_signal`, which requests
  // the stop. Returns the error that stopped it, if any.
  Result<void> run(std::function<void(int signal)> on_signal);

 private:
  struct Parts;
  explicit Composition(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The engine's repositories from the configuration, with their secrets. Fails at the first secret that can't be read.
Result<std::vector<Repository>> repositories_of(const Config& config);
Result<std::vector<NotificationRule>> notifications_of(const Config& config);
std::vector<ServerAccess> access_of(const std::vector<ServerConfig>& servers);
Limits limits_of(const Config& config);
// Files that no step may see: the configuration's own, keys, tokens and whatever else it names as a secret's place.
std::vector<std::string> secret_files(const Config& config, const std::string& file);

// The base of every step's environment: PATH, HOME, LANG, USER and TZ of this process, nothing else.
std::map<std::string, std::string> step_environment();

}  // namespace quietgate
