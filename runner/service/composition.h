// Everything that a service, or one run here, is made of; built as members in the order in which one needs the other.
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
  std::string data;  // absolute; made when it is not there
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

// One per data directory: a lock file keeps a second one out.
class Composition {
 public:
  // Fails when the data directory can't be made, is in use by another quietgate, or its journal can't be opened.
  static Result<std::unique_ptr<Composition>> make(CompositionOptions options);
  ~Composition();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  Executor executor();
  InlineJournal& journal();
  Result<void> try_to_write();  // whether the journal takes a row now
  void drop_caches();           // of the journal: what is kept only to be fast
  InlineCatalog& catalog();
  Queue& queue();
  // What stages tell and are told while they run.
  struct Signals {
    const LoadMetrics& loads;
    SyntheticFaults& faults;
    WatchdogDeliveries& deliveries;
    const ProgressBoard& progress;
  };
  Signals signals();
  const PublicKey& evidence_key() const;
  void tell_steps(const std::string& variable, const std::string& value);  // of every step that begins from now on

  // Starts a loop of the service; when it ends by anything else than Stopped, `stop()` is requested with the error.
  void add(const std::string& name, std::function<Task<void>(Stop&)> loop);
  void add_engine();            // supervisor and reaper
  void add_retention();         // forgets old runs, also the files of those that a crash left
  Result<void> add_watchers();  // one per repository
  void add_heartbeat(HeartbeatRule rule);
  void add_notifier(std::vector<NotificationRule> rules);
  Stop& stop();

  // Runs the loop until every added loop has ended. Each SIGTERM, SIGINT and SIGHUP
  // calls `on_signal`, which requests the stop.
  // Answers why it stopped when that was an error.
  Result<void> run(std::function<void(int signal)> on_signal);

 private:
  struct Parts;
  explicit Composition(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The engine's repositories from the configuration, with their secrets read. Fails at the first that can't be read.
Result<std::vector<Repository>> repositories_of(const Config& config);
Result<std::vector<NotificationRule>> notifications_of(const Config& config);
std::vector<ServerAccess> access_of(const std::vector<ServerConfig>& servers);
Limits limits_of(const Config& config);
// Files that no step may see: the configuration's own, keys, tokens and whatever else it names as a secret's place.
std::vector<std::string> secret_files(const Config& config, const std::string& file);

// What every step's environment starts from: PATH, HOME, LANG, USER and TZ of this process, nothing else.
std::map<std::string, std::string> step_environment();

}  // namespace quietgate
