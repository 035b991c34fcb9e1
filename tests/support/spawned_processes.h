// Real processes without a leader between, and the real clock: for tests of stages against real tools.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/process.h"

namespace quietgate {

class RealClock : public Clock {
 public:
  Time now() const override { return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now()); }
  Task<void> sleep(Milliseconds span, Stop& stop) override {
    stop.throw_if_requested();
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, span);
    Stop::Listener listener(stop, [&timer] { timer.cancel(); });
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    stop.throw_if_requested();
  }
};

// Starts argv in a session of its own with its output appended to `log`; 0 when it can't.
inline pid_t spawn_process(const ProcessSpec& spec) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : spec.environment) environment.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (const auto& word : spec.argv) argv.push_back(const_cast<char*>(word.c_str()));
  for (const auto& word : environment) envp.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  if (!spec.working_directory.empty()) posix_spawn_file_actions_addchdir_np(&files, spec.working_directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[0], &files, &attributes, argv.data(), envp.data()) != 0) pid = 0;
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return pid;
}

// Keeps to the contract of `run` but for adoption; the other calls are not needed by the stages tested with it.
class SpawnedProcesses : public Processes {
 public:
  explicit SpawnedProcesses(Clock& clock) : clock_(clock) {}
  pid_t pid = 0;  // of the process that runs now

  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override {
    ProcessExit exit;
    pid = spawn_process(spec);
    if (pid == 0) {
      exit.how = ProcessExit::How::not_started;
      co_return exit;
    }
    Stop never;
    int signals = 0;
    int status = 0;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
      if (stop.requested() && signals++ % 500 == 0) ::kill(-pid, signals == 1 ? spec.stop_signal : SIGKILL);
      co_await clock_.sleep(Milliseconds(10), never);
    }
    ::kill(-pid, SIGKILL);  // nothing of the session stays
    stop.throw_if_requested();
    exit.how = WIFEXITED(status) ? ProcessExit::How::exited : ProcessExit::How::signalled;
    exit.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    co_return exit;
  }
  Task<Result<void>> start(ProcessSpec, Stop&) override { co_return infrastructure_error("not here"); }
  Result<std::optional<ProcessExit>> status(const std::string&) override { return infrastructure_error("not here"); }
  Task<Result<void>> end(std::string, Stop&) override { co_return infrastructure_error("not here"); }

 private:
  Clock& clock_;
};

// A process that lives as long as this.
class Companion {
 public:
  Companion() = default;
  explicit Companion(const ProcessSpec& spec) : pid_(spawn_process(spec)) {}
  ~Companion() { stop(); }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  pid_t pid() const { return pid_; }
  void stop() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace quietgate
