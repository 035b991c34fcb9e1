#include "runner/service/composition.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "pipelines/language/compiler.h"
#include "runner/adapters/attempt_trees/attempt_tree_files.h"
#include "runner/adapters/attempt_trees/own_mounts.h"
#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/disk/disk_files.h"
#include "runner/adapters/disk/pool_disk.h"
#include "runner/adapters/git/git_libgit2.h"
#include "runner/adapters/http/http_curl.h"
#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/adapters/local_steps/local_residents.h"
#include "runner/adapters/local_steps/local_steps.h"
#include "runner/adapters/local_steps/noted_steps.h"
#include "runner/adapters/local_steps/stage_log.h"
#include "runner/adapters/local_steps/work_note_files.h"
#include "runner/adapters/memory/memory_load_metrics.h"
#include "runner/adapters/memory/memory_synthetic_faults.h"
#include "runner/adapters/memory/memory_watchdog_deliveries.h"
#include "runner/adapters/pipeline_compiler/pooled_compiler.h"
#include "runner/adapters/sandbox/bubblewrap.h"
#include "runner/adapters/workspace/progress_files.h"
#include "runner/adapters/workspace/workspace_files.h"
#include "runner/base/blocking_pool.h"
#include "runner/engine/supervisor.h"
#include "runner/engine/upkeep/heartbeat.h"
#include "runner/engine/upkeep/low_water.h"
#include "runner/engine/upkeep/publisher.h"
#include "runner/engine/upkeep/retention.h"
#include "runner/engine/upkeep/tree_limit.h"
#include "runner/engine/watcher.h"
#include "runner/outbound/notifier.h"
#include "runner/ports/data_layout.h"
#include "runner/service/data_lock.h"
#include "runner/service/lost_runs.h"
#include "runner/service/noted_numbers.h"
#include "stages/environments/environments.h"
#include "stages/gate/rules_check.h"
#include "stages/kinds.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

// Remotes and servers that hang are many when they do; each holds a thread until its deadline.
constexpr std::size_t most_remotes = 64;
constexpr std::size_t most_exchanges = 32;
constexpr std::size_t most_at_disk = 4;
constexpr std::size_t most_at_trees = 6;  // walks, copies and removals, some of a million files
constexpr std::size_t most_at_reports = 4;
constexpr std::size_t most_compilers = 2;

Result<void> make_data_directory(const std::string& data) {
  std::error_code code;
  fs::create_directories(data, code);
  if (!code) fs::permissions(data, fs::perms::owner_all, code);
  const DataLayout layout(data);
  for (const auto& folder : {layout.mirrors(), layout.runs(), layout.environments()}) {
    if (!code) fs::create_directories(folder, code);
  }
  if (code)
    return infrastructure_error("can't create the data directory " + data + ": " + code.message(),
                                "name another one, or make it writable");
  return {};
}

// Nothing: every step may do what this process may, as the configuration says.
Result<std::optional<Bubblewrap>> sandbox_of(const CompositionOptions& options) {
  if (options.isolation.none) return std::optional<Bubblewrap>();
  BubblewrapOptions wanted;
  wanted.data = options.data;
  wanted.user = options.isolation.user;
  wanted.shown = options.isolation.shown;
  wanted.hidden = options.hidden;
  if (const char* home = std::getenv("HOME")) wanted.home = home;
  auto made = Bubblewrap::make(std::move(wanted));
  if (!made) return made.error();
  if (auto tried = made->try_out(); !tried) return tried.error();
  return std::optional(std::move(*made));
}

}  // namespace

struct Composition::Parts {
  Parts(CompositionOptions asked, std::unique_ptr<DirectoryLock> held, std::unique_ptr<EvidenceKey> with_key)
      : options(std::move(asked)), lock(std::move(held)), key(std::move(with_key)) {
    steps.limit_logs(options.bounds.log);
  }

  CompositionOptions options;
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<EvidenceKey> key;
  boost::asio::io_context io{1};
  PosixClock clock{io.get_executor()};
  std::unique_ptr<JournalSqlite> journal;
  YamlPipelineLanguage language{stage_kinds()};  // outlives the pool that asks it
  BlockingPool compilers{most_compilers};
  BlockingPool remotes{most_remotes};
  BlockingPool disk{most_at_disk};
  BlockingPool exchanges{most_exchanges};
  BlockingPool trees{most_at_trees};
  PoolDisk tree_work{trees};
  // What hostile tests left may be read for long: trees are made beside it.
  BlockingPool reports{most_at_reports};
  PoolDisk report_work{reports};
  GitLibgit2 git{remotes, disk, DataLayout(options.data).mirrors()};
  HttpCurl exchange{exchanges};
  HttpAccess http{exchange, exchanges, access_of(options.servers)};
  LocalSteps steps{io.get_executor(), DataLayout(options.data)};
  std::optional<Bubblewrap> sandbox;
  LocalResidents residents{clock};
  WorkNoteFiles notes{options.data + "/at-work"};
  // Only what tests leave is read at once, whatever it is; other stages wait for this and that after their steps.
  NotedSteps test_steps{steps, notes};
  PooledCompiler compiler{language, compilers};
  CommittedRules committed;
  RulesCheck rules_check{steps, step_environment(), &committed, &tree_work};
  WorkspaceFiles workspace{options.data, open_stage_log, options.say};
  ProgressFiles progress;
  std::optional<AttemptTreeFiles> attempt_trees;
  MemoryWatchdogDeliveries deliveries;
  MemorySyntheticFaults faults;
  MemoryLoadMetrics loads;
  std::optional<PerformedKinds> kinds;
  Environments environments{steps, residents, http, clock, DataLayout(options.data).environments(), &tree_work};
  DiskFiles gauge{tree_work, options.data};
  LowWater low_water{gauge, clock, io.get_executor(), options.keep_free, options.data, options.say};
  std::optional<TreeLimit> tree_limit;
  Slots slots{options.limits};
  std::vector<RunId> lost;  // that the journal did not know when the service began
  std::optional<Reaper> reaper;
  std::optional<Retention> retention;
  std::optional<EngineParts> engine;
  std::optional<Supervisor> supervisor;
  std::optional<Publisher> publisher;
  std::optional<Notifier> notifier;
  std::optional<NotedNumbers> numbers;
  std::vector<std::unique_ptr<Watcher>> watchers;
  Stop stop;
  std::optional<Error> failure;
  int loops = 0;
};

Composition::Composition(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Composition::~Composition() = default;

Result<std::unique_ptr<Composition>> Composition::make(CompositionOptions options) {
  if (auto made = make_data_directory(options.data); !made) return made.error();
  auto lock = DirectoryLock::take(options.data);
  if (!lock) return lock.error();
  auto key = EvidenceKey::open_or_make(options.data + "/keys");
  if (!key) return key.error();
  // What is hidden from steps is hidden by its path.
  std::error_code unlinked;
  if (auto path = fs::canonical(options.data, unlinked); !unlinked) options.data = path.string();
  auto sandbox = sandbox_of(options);
  if (!sandbox) return sandbox.error();
  const bool mounts = enter_own_mounts(options.data + "/mounts");
  auto parts = std::make_unique<Parts>(std::move(options), std::move(*lock), std::move(*key));
  auto& p = *parts;
  if (*sandbox) {
    p.sandbox = std::move(*sandbox);
    p.sandbox->work_on(p.tree_work);
    p.steps.confine(*p.sandbox);
  }
  auto journal = JournalSqlite::open(p.options.data + "/journal.sqlite", p.clock, p.io.get_executor());
  if (!journal) return journal.error();
  p.journal = std::move(*journal);
  AttemptTreeFiles::Ways ways{.mounts = mounts, .say = p.options.say};
  if (p.sandbox && p.sandbox->user().user != 0) {
    ways.owner = p.sandbox->user().user;
    ways.give = [user = p.sandbox->user()](const std::string& path) { return give_to(user, path); };
  }
  p.attempt_trees.emplace(p.tree_work, std::move(ways));
  p.tree_limit.emplace(p.gauge, *p.attempt_trees, p.clock, p.io.get_executor(), p.options.bounds.tree, p.options.say);
  std::vector<std::string> names;
  for (const auto& repository : p.options.repositories) names.push_back(repository.remote.repository);
  auto lost = lost_runs(p.options.data, p.journal->catalog());
  if (!lost) return lost.error();
  p.lost = std::move(*lost);
  if (auto counted = number_above_lost_runs(p.options.data, names, *p.journal); !counted) return counted.error();
  auto recorded = record_lost_environments(p.options.data, *p.journal, p.clock.now(), p.options.say);
  if (!recorded) return recorded.error();
  p.kinds.emplace(stage_kinds(), StageParts{p.steps, p.test_steps, p.http, p.git, p.clock, p.tree_work, p.report_work,
                                            p.journal->catalog(), p.deliveries, p.loads, p.faults, p.committed,
                                            p.key.get(), p.options.promote});
  p.reaper.emplace(*p.journal, p.journal->catalog(), p.clock, p.environments, p.io.get_executor(), p.options.say);
  p.engine.emplace(EngineParts{
      p.io.get_executor(),
      *p.journal,
      p.journal->catalog(),
      p.git,
      p.clock,
      p.compiler,
      p.workspace,
      *p.reaper,
      p.slots,
      p.kinds->by_name(),
      step_environment(),
      p.options.say,
      &p.steps,
      &p.rules_check,
      boot_id(),
      random_id,
      &*p.attempt_trees,
      &p.low_water,
  });
  p.engine->tries_out = !p.options.release;
  p.engine->notes = &p.notes;
  p.engine->isolation = p.sandbox ? "bubblewrap" : "none";
  p.engine->progress = &p.progress;
  p.engine->tree_limit = &*p.tree_limit;
  p.supervisor.emplace(*p.engine, p.options.repositories);
  p.publisher.emplace(*p.journal, p.journal->catalog(), p.git, p.clock, git_remotes(p.options.repositories),
                      p.options.say);
  return std::unique_ptr<Composition>(new Composition(std::move(parts)));
}

void Composition::add_retention() {
  auto& p = *parts_;
  using Remove = std::function<Task<Result<void>>(std::string folder, Stop & stop)>;
  const Remove remove = [&p](std::string folder, Stop& stop) -> Task<Result<void>> {
    return [](AttemptTrees& trees, std::string run, Stop& until) -> Task<Result<void>> {
      // Of a run that a crash left, something may still be mounted there.
      auto cleared = co_await trees.clear(checkout_in(run), until);
      if (!cleared) co_return cleared;
      co_return co_await trees.remove(run, until);
    }(*p.attempt_trees, std::move(folder), stop);
  };
  p.retention.emplace(
      p.journal->archive(), p.clock, p.options.retention,
      [&p, remove](RunId run, Stop& stop) -> Task<Result<void>> {
        return [](Parts& parts, Remove remove_one, RunId id, Stop& until) -> Task<Result<void>> {
          auto kept = co_await keeps_number(parts.options.data, id, parts.journal->catalog());
          if (!kept) co_return kept.error();
          if (*kept) co_return Result<void>{};  // until a later start
          auto folder = DataLayout(parts.options.data).run(id);
          co_return co_await remove_one(std::move(folder), until);
        }(p, remove, std::move(run), stop);
      },
      p.options.say);
  add("retention", [&p, remove](Stop& stop) -> Task<void> {
    return [](Parts& parts, Remove remove_one, Stop& until) -> Task<void> {
      auto left = co_await forgotten_folders(parts.options.data, parts.journal->catalog());
      if (!left) parts.options.say(left.error().message);
      if (left) {
        for (const auto& each : *left) {
          auto removed = co_await remove_one(each, until);
          if (!removed) parts.options.say(removed.error().message);
        }
      }
      co_await parts.retention->expire_runs(until);
    }(p, remove, stop);
  });
}

Executor Composition::executor() {
  return parts_->io.get_executor();
}

Result<void> Composition::try_to_write() {
  return parts_->journal->probe();
}

void Composition::drop_caches() {
  parts_->journal->rest();
}
InlineJournal& Composition::journal() {
  return *parts_->journal;
}
InlineCatalog& Composition::catalog() {
  return parts_->journal->catalog();
}
Queue& Composition::queue() {
  return *parts_->supervisor;
}
Composition::Signals Composition::signals() {
  return {parts_->loads, parts_->faults, parts_->deliveries, parts_->progress};
}
const PublicKey& Composition::evidence_key() const {
  return parts_->key->public_key();
}
void Composition::tell_steps(const std::string& variable, const std::string& value) {
  parts_->engine->step_environment[variable] = value;
}
Stop& Composition::stop() {
  return parts_->stop;
}

void Composition::add(const std::string& name, std::function<Task<void>(Stop&)> loop) {
  auto* parts = parts_.get();
  ++parts->loops;
  spawn(executor(), loop(parts->stop), [parts, name](std::exception_ptr error) {
    --parts->loops;
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Stopped&) {
    } catch (const std::exception& reason) {
      if (!parts->failure) parts->failure = infrastructure_error(name + " failed: " + reason.what());
      parts->stop.request(StopReason::shutdown, name + " failed");
    }
    if (parts->loops == 0) parts->io.stop();
  });
}

void Composition::add_engine() {
  add("the end of lost runs", [this](Stop& stop) {
    auto& p = *parts_;
    return end_lost_runs(p.options.data, p.lost, p.steps, p.options.say, stop);
  });
  add("the supervisor", [this](Stop& stop) { return parts_->supervisor->supervise(stop); });
  add("the watch of the disk", [this](Stop& stop) { return parts_->low_water.watch(stop); });
  add("the watch of the trees", [this](Stop& stop) { return parts_->tree_limit->watch(stop); });
  add("the reaper", [this](Stop& stop) { return parts_->reaper->reap(stop); });
  add("the publisher", [this](Stop& stop) { return parts_->publisher->publish(stop); });
}

void Composition::add_heartbeat(HeartbeatRule rule) {
  auto& p = *parts_;
  add("the heartbeat", [&p, rule = std::move(rule)](Stop& stop) {
    return beat(rule, p.http, p.journal->catalog(), p.clock, p.options.say, stop);
  });
}

void Composition::add_notifier(std::vector<NotificationRule> rules) {
  auto& p = *parts_;
  p.notifier.emplace(*p.journal, p.journal->catalog(), p.http, p.clock, std::move(rules), p.options.say);
  add("the notifier", [&p](Stop& stop) { return p.notifier->tell(stop); });
}

Result<void> Composition::add_watchers() {
  auto& p = *parts_;
  p.numbers.emplace(p.options.data, *p.journal, p.git, p.disk);
  for (const auto& repository : p.options.repositories) {
    if (auto held = p.numbers->hold(repository.remote.repository); !held) return held.error();
    auto trouble = [say = p.options.say](const std::string& name, const std::optional<Error>& error) {
      say(error
              ? "can't poll " + name + ": " + error->message + (error->advice.empty() ? "" : " (" + error->advice + ")")
              : name + " answers again");
    };
    auto of_branches = [say = p.options.say](const std::string& name, const Error& error) {
      say(name + ": " + error.message + (error.advice.empty() ? "" : " (" + error.advice + ")"));
    };
    p.watchers.push_back(std::make_unique<Watcher>(repository, *p.journal, p.journal->catalog(), p.git, p.clock,
                                                   p.compiler, trouble, of_branches, &*p.numbers));
    add("the watcher of " + repository.remote.repository,
        [watcher = p.watchers.back().get()](Stop& stop) { return watcher->watch(stop); });
  }
  return {};
}

Result<void> Composition::run(std::function<void(int signal)> on_signal) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left must not end the service
  boost::asio::signal_set signals(parts_->io, SIGTERM, SIGINT, SIGHUP);
  std::function<void()> listen = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      on_signal(signal);
      listen();
    });
  };
  listen();
  parts_->io.run();
  // Whatever was woken by the stop ends before what it refers to is taken apart.
  signals.cancel();
  parts_->io.restart();
  while (parts_->io.poll() > 0) {
  }
  if (parts_->failure) return *parts_->failure;
  return {};
}

Result<std::vector<Repository>> repositories_of(const Config& config) {
  std::vector<Repository> repositories;
  for (const auto& from : config.repositories) {
    Repository repository;
    repository.remote.repository = from.name;
    repository.remote.url = from.url;
    repository.remote.deadline = from.deadline;
    auto& credentials = repository.remote.credentials;
    credentials.username = from.credentials.username;
    credentials.ssh_key = from.credentials.ssh_key;
    credentials.known_hosts = from.credentials.known_hosts;
    credentials.ca_file = from.credentials.ca_file;
    if (from.credentials.password) {
      auto password = read_secret(*from.credentials.password);
      if (!password)
        return user_error("password of repository " + from.name + ": " + password.error().message,
                          password.error().advice);
      credentials.password = std::move(*password);
    }
    for (const auto& [name, source] : from.secrets) {
      auto value = read_secret(source);
      if (!value)
        return user_error("secret " + name + " of repository " + from.name + ": " + value.error().message,
                          value.error().advice);
      repository.secrets[name] = std::move(*value);
    }
    repository.branches = from.branches;
    repository.protected_branches = from.protected_branches;
    repository.pipeline = from.pipeline;
    repository.poll = from.poll;
    repositories.push_back(std::move(repository));
  }
  return repositories;
}

Result<std::vector<NotificationRule>> notifications_of(const Config& config) {
  std::vector<NotificationRule> rules;
  for (const auto& from : config.notifications) {
    auto url = read_secret(from.url);
    if (!url) return user_error("the address of a notification: " + url.error().message, url.error().advice);
    if (!url->starts_with("http://") && !url->starts_with("https://"))
      return user_error("the address of a notification is not http or https", "check the address that its `url` names");
    rules.push_back({std::move(*url), from.about});
  }
  return rules;
}

std::vector<ServerAccess> access_of(const std::vector<ServerConfig>& servers) {
  const auto value = [](const SecretSource& source) -> ServerAccess::Value {
    return [source] { return read_secret(source); };
  };
  std::vector<ServerAccess> all;
  for (const auto& from : servers) {
    ServerAccess access;
    access.url = from.url;
    access.username = from.username;
    access.ca_file = from.ca_file;
    if (from.password) access.password = value(*from.password);
    if (from.token) access.token = value(*from.token);
    for (const auto& [name, source] : from.secret_headers) access.headers[name] = value(source);
    for (const auto& [name, text] : from.headers)
      access.headers[name] = [text = text]() -> Result<std::string> { return text; };
    all.push_back(std::move(access));
  }
  return all;
}

Limits limits_of(const Config& config) {
  Limits limits{config.concurrency, {}, config.locks};
  for (const auto& repository : config.repositories) {
    if (repository.concurrency) limits.repositories[repository.name] = *repository.concurrency;
  }
  return limits;
}

std::vector<std::string> secret_files(const Config& config, const std::string& file) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& path) {
    std::error_code code;
    if (!path.empty()) files.push_back(fs::weakly_canonical(path, code).string());
  };
  const auto add_source = [&add](const std::optional<SecretSource>& source) {
    if (source) add(source->file);
  };
  add(file);
  for (const auto& repository : config.repositories) {
    add(repository.credentials.ssh_key);
    add_source(repository.credentials.password);
    for (const auto& [name, source] : repository.secrets) add(source.file);
  }
  for (const auto& server : config.servers) {
    add_source(server.password);
    add_source(server.token);
    for (const auto& [name, source] : server.secret_headers) add(source.file);
  }
  for (const auto& notification : config.notifications) add(notification.url.file);
  return files;
}

std::map<std::string, std::string> step_environment() {
  std::map<std::string, std::string> environment{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "TZ"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

}  // namespace quietgate
