#include "runner/composition.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "pipelines/compiler.h"
#include "runner/adapters/blocking_pool.h"
#include "runner/adapters/git_libgit2.h"
#include "runner/adapters/http_curl.h"
#include "runner/adapters/journal_sqlite.h"
#include "runner/adapters/posix_clock.h"
#include "runner/adapters/posix_processes.h"
#include "runner/adapters/stage_log.h"
#include "runner/adapters/workspace_files.h"
#include "runner/engine/supervisor.h"
#include "runner/engine/watcher.h"
#include "stages/apply.h"
#include "stages/approve.h"
#include "stages/environments.h"
#include "stages/load.h"
#include "stages/promote.h"
#include "stages/test.h"
#include "stages/verify.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr int pool_threads = 8;

// Held while the data directory is in use; the kernel lets go of it however the process ends.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data) {
    const auto path = data + "/lock";
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
      return infrastructure_error("can't open " + path + ": " +
                                  std::error_code(errno, std::generic_category()).message());
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      char holder[32] = {};
      const auto size = ::pread(fd, holder, sizeof holder - 1, 0);
      ::close(fd);
      return user_error(
          "another quietgate" + (size > 0 ? " (process " + std::string(holder) + ")" : std::string()) + " uses " + data,
          "stop it first, or give this one a data directory of its own (`data:` in the configuration, or --data)");
    }
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
      ::close(fd);
      return infrastructure_error("can't write " + path, "check the space and the permissions of the data directory");
    }
    return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
  }
  ~DirectoryLock() { ::close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

Result<void> make_data_directory(const std::string& data) {
  std::error_code code;
  fs::create_directories(data, code);
  if (!code) fs::permissions(data, fs::perms::owner_all, code);
  for (const char* folder : {"mirrors", "runs", "environments"}) {
    if (!code) fs::create_directories(data + "/" + folder, code);
  }
  if (code)
    return infrastructure_error("can't make the data directory " + data + ": " + code.message(),
                                "name another one, or make it writable");
  return {};
}

}  // namespace

struct Composition::Parts {
  Parts(CompositionOptions asked, std::unique_ptr<DirectoryLock> held)
      : options(std::move(asked)), lock(std::move(held)) {}

  CompositionOptions options;
  std::unique_ptr<DirectoryLock> lock;
  boost::asio::io_context io{1};
  PosixClock clock{io.get_executor()};
  std::unique_ptr<JournalSqlite> journal;
  BlockingPool pool{pool_threads};
  GitLibgit2 git{pool, options.data + "/mirrors"};
  HttpCurl http{pool};
  PosixProcesses processes{io.get_executor()};
  YamlPipelineCompiler compiler;
  WorkspaceFiles workspace{options.data, open_stage_log};
  TestStage test{processes};
  ApplyStage apply{processes, http, git, clock};
  LoadStage load{processes, http, clock};
  VerifyStage verify{http, clock};
  PromoteStage promote{git, http, clock, {.dry_run = !options.promote}};
  ApproveStage approve{};
  Environments environments{processes, http, clock, options.data + "/environments"};
  Slots slots{options.concurrency};
  std::optional<Reaper> reaper;
  std::optional<EngineParts> engine;
  std::optional<Supervisor> supervisor;
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
  auto parts = std::make_unique<Parts>(std::move(options), std::move(*lock));
  auto& p = *parts;
  auto journal = JournalSqlite::open(p.options.data + "/journal.sqlite", p.clock, p.io.get_executor());
  if (!journal) return journal.error();
  p.journal = std::move(*journal);
  p.reaper.emplace(*p.journal, *p.journal, p.clock, p.environments, p.io.get_executor(), p.options.say);
  p.engine.emplace(EngineParts{
      p.io.get_executor(),
      *p.journal,
      *p.journal,
      p.git,
      p.clock,
      p.compiler,
      p.workspace,
      *p.reaper,
      p.slots,
      {{"test", &p.test},
       {"apply", &p.apply},
       {"load", &p.load},
       {"verify", &p.verify},
       {"promote", &p.promote},
       {"approve", &p.approve}},
      step_environment(),
      p.options.say,
  });
  p.supervisor.emplace(*p.engine, p.options.repositories);
  return std::unique_ptr<Composition>(new Composition(std::move(parts)));
}

Executor Composition::executor() {
  return parts_->io.get_executor();
}
Journal& Composition::journal() {
  return *parts_->journal;
}
Catalog& Composition::catalog() {
  return *parts_->journal;
}
const std::string& Composition::data() const {
  return parts_->options.data;
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
  add("the supervisor", [this](Stop& stop) { return parts_->supervisor->supervise(stop); });
  add("the reaper", [this](Stop& stop) { return parts_->reaper->reap(stop); });
}

void Composition::add_watchers() {
  auto& p = *parts_;
  for (const auto& repository : p.options.repositories) {
    auto trouble = [say = p.options.say](const std::string& name, const std::optional<Error>& error) {
      say(error
              ? "can't poll " + name + ": " + error->message + (error->advice.empty() ? "" : " (" + error->advice + ")")
              : name + " answers again");
    };
    p.watchers.push_back(
        std::make_unique<Watcher>(repository, *p.journal, *p.journal, p.git, p.clock, p.compiler, trouble));
    add("the watcher of " + repository.remote.repository,
        [watcher = p.watchers.back().get()](Stop& stop) { return watcher->watch(stop); });
  }
}

Result<void> Composition::run(std::function<void(int signal)> on_signal) {
  boost::asio::signal_set signals(parts_->io, SIGTERM, SIGINT);
  std::function<void()> listen = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      on_signal(signal);
      listen();
    });
  };
  listen();
  parts_->io.run();
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

std::map<std::string, std::string> step_environment() {
  std::map<std::string, std::string> environment{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "TZ"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

}  // namespace quietgate
