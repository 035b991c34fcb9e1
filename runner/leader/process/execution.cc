#include "runner/leader/process/execution.h"

#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace quietgate {

namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// An empty part of PATH means the working directory.
std::vector<std::string> candidates(const LeaderOrder& order) {
  const auto& name = order.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> files;
  const auto path = path_of(order.environment);
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    auto folder = path.substr(begin, end - begin);
    files.push_back(folder.empty() ? "./" + name : std::string(folder) + "/" + name);
    begin = end + 1;
  }
  return files;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

std::string_view path_of(const std::vector<std::string>& environment) {
  for (const auto& variable : environment) {
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  }
  return default_path;
}

Execution::Execution(const LeaderOrder& order)
    : files(candidates(order)), argv(pointers(order.argv)), environment(pointers(order.environment)) {}

Refusal execute(const LeaderOrder& order, const Execution& execution, int output, int error_output) {
  // By the kernel's call, since the library's refuses those two that it keeps for itself. Zeros are SIG_DFL.
  const std::array<unsigned long, 8> fresh{};
  for (int signal = 1; signal < NSIG; ++signal) ::syscall(SYS_rt_sigaction, signal, fresh.data(), nullptr, 8);
  ::umask(022);
  if (!order.working_directory.empty() && ::chdir(order.working_directory.c_str()) != 0)
    return {StartFailure::What::directory, errno};
  ::dup2(output, 1);
  ::dup2(error_output, 2);
  unsigned first_closed = 3;
  for (const int fd : execution.passed) ::dup2(fd, static_cast<int>(first_closed++));
  ::syscall(SYS_close_range, first_closed, ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = ENOENT;
  for (const auto& file : execution.files) {
    ::execve(file.c_str(), execution.argv.data(), execution.environment.data());
    // As a shell does: what is absent is passed over, a file that may not be run is remembered.
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  return {StartFailure::What::program, error};
}

}  // namespace quietgate
