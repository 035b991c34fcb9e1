#include "runner/service/secret_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "runner/base/descriptor.h"
#include "runner/service/config.h"

extern char** environ;

namespace quietgate {

namespace {

constexpr std::size_t max_bytes = 64 * 1024;
constexpr std::chrono::seconds command_deadline{10};

// Appends what can be read now. False: the end, or an error.
bool read_some(int fd, std::string& into) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

Result<std::string> tidied(std::string value, const std::string& where) {
  if (value.size() > max_bytes) return user_error("the secret from " + where + " is longer than 64 KiB");
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) return user_error("the secret from " + where + " is empty");
  return value;
}

Result<std::string> from_file(const std::string& path) {
  const std::string where = "the file " + path;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0)
    return user_error(fmt::format("{} can't be opened: {}", where, std::strerror(errno)),
                      "check the path and that the service's user may read it");
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return user_error(where + " is not a regular file", "put the secret's value into a file");
  std::string value;
  errno = 0;
  while (value.size() <= max_bytes && read_some(file.get(), value)) errno = 0;
  if (errno != 0) return user_error(fmt::format("{} can't be read: {}", where, std::strerror(errno)));
  return tidied(std::move(value), where);
}

// Ends the command's whole process group, and reaps the command.
int end_group(pid_t pid) {
  int status = 0;
  kill(-pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

Result<pid_t> spawn(const std::vector<std::string>& command, int output, const std::string& where) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int problem = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) return user_error(fmt::format("{} can't be started: {}", where, std::strerror(problem)));
  return pid;
}

// Reads until the command has ended; what its descendants still hold open is not waited for. False: no time was left.
bool read_until_end(int output, int process, std::string& value) {
  const auto deadline = std::chrono::steady_clock::now() + command_deadline;
  bool open = true;
  while (value.size() <= max_bytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> ready{{{process, POLLIN, 0}, {open ? output : -1, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), static_cast<int>(left.count()) + 1) < 0 && errno != EINTR) return false;
    if (ready[1].revents != 0) {
      open = read_some(output, value);
    } else if (ready[0].revents != 0) {
      return true;
    }
  }
  return true;
}

Result<std::string> from_command(const std::vector<std::string>& command) {
  const std::string where = "the command " + command.front();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return infrastructure_error(fmt::format("{} can't be run: {}", where, std::strerror(errno)));
  const Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  fcntl(output.get(), F_SETFL, O_NONBLOCK);
  const Result<pid_t> pid = spawn(command, input.get(), where);
  input.reset();
  if (!pid.ok()) return pid.error();
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  std::string value;
  const bool ended = process.get() >= 0 && read_until_end(output.get(), process.get(), value);
  const int status = end_group(*pid);
  if (!ended) return user_error(fmt::format("{} did not end within {} seconds", where, command_deadline.count()));
  if (value.size() > max_bytes) return tidied(std::move(value), where);
  if (WIFSIGNALED(status)) return user_error(fmt::format("{} was ended by signal {}", where, WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return user_error(fmt::format("{} ended with exit status {}", where, WEXITSTATUS(status)),
                      "run the command by hand to see why");
  return tidied(std::move(value), where);
}

}  // namespace

Result<std::string> read_secret(const SecretSource& source) {
  if (!source.file.empty()) return from_file(source.file);
  if (!source.command.empty()) return from_command(source.command);
  const char* value = std::getenv(source.environment.c_str());
  const std::string where = "the environment variable " + source.environment;
  if (!value) return user_error(where + " is not set", "set it for the service");
  return tidied(value, where);
}

}  // namespace quietgate
