#include "runner/leader/process/step.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <vector>

#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr int pipe_bytes = 1 << 20;
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view path_of(const LeaderOrder& order) {
  for (const auto& variable : order.environment) {
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  }
  return default_path;
}

// The files to try, in order. An empty part of PATH means the working directory.
std::vector<std::string> candidates(const LeaderOrder& order) {
  const auto& name = order.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> files;
  const auto path = path_of(order);
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

struct Exec {
  std::vector<std::string> files;
  std::vector<char*> argv;
  std::vector<char*> environment;
};

// Runs in the new process, which shares its memory with the leader until it becomes the program or ends: the failure is
// told by writing it down.
[[noreturn]] void become(const LeaderOrder& order, int entrance, const Exec& exec, const Step& theirs,
                         const std::function<std::string(pid_t)>& record, StepFailure& failure) {
  using What = StepFailure::What;
  ::setpgid(0, 0);
  if (entrance >= 0) [[maybe_unused]]
    const auto entered = ::write(entrance, "0", 1);  // refused: without it
  failure.record = record(static_cast<pid_t>(::syscall(SYS_getpid)));
  if (!failure.record.empty()) {
    failure.what = What::record;
    ::_exit(127);
  }
  // By the kernel's call, since the library's refuses those two that it keeps for itself. Zeros are SIG_DFL.
  const std::array<unsigned long, 8> fresh{};
  for (int signal = 1; signal < NSIG; ++signal) ::syscall(SYS_rt_sigaction, signal, fresh.data(), nullptr, 8);
  ::umask(022);
  if (!order.working_directory.empty() && ::chdir(order.working_directory.c_str()) != 0) {
    failure.what = What::directory;
    failure.error = errno;
    ::_exit(127);
  }
  ::dup2(theirs.raw_output >= 0 ? theirs.raw_output : theirs.output, 1);
  ::dup2(theirs.output, 2);
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = ENOENT;
  for (const auto& file : exec.files) {
    ::execve(file.c_str(), exec.argv.data(), exec.environment.data());
    // As a shell does: what is absent is passed over, a file that may not be run is remembered.
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  failure.what = What::program;
  failure.error = error;
  ::_exit(127);
}

bool make_pipe(int& ours, int& theirs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  ours = ends[0];
  theirs = ends[1];
  ::fcntl(ours, F_SETFL, O_NONBLOCK);
  ::fcntl(ours, F_SETPIPE_SZ,
          pipe_bytes);  // refused when the user's pipes are too many already: smaller is only slower
  return true;
}

}  // namespace

std::string start_step(const LeaderOrder& order, int entrance, const std::function<std::string(pid_t)>& record,
                       Step& step, StepFailure& failure) {
  Step theirs;
  bool made = make_pipe(step.output, theirs.output);
  if (made && !order.stdout_file.empty()) made = make_pipe(step.raw_output, theirs.raw_output);
  if (!made) return std::string("a pipe could not be made: ") + strerrordesc_np(errno);
  const Exec exec{candidates(order), pointers(order.argv), pointers(order.environment)};
  // Copying a process only to replace it would be felt in every step. The leader sleeps meanwhile.
  step.pid = ::vfork();
  if (step.pid == 0) become(order, entrance, exec, theirs, record, failure);
  const int error = errno;
  for (int fd : {theirs.output, theirs.raw_output}) {
    if (fd >= 0) ::close(fd);
  }
  if (step.pid < 0) return std::string("a process could not be made: ") + strerrordesc_np(error);
  // Somebody may kill it before it is the program: what follows is then not the program's doing.
  if (failure.what == StepFailure::What::nothing) {
    const auto child = read_stat(step.pid);
    if (child && child->never_executed()) failure.what = StepFailure::What::killed;
  }
  return {};
}

std::string describe(const StepFailure& failure, const LeaderOrder& order) {
  const std::string why = strerrordesc_np(failure.error);
  if (failure.what == StepFailure::What::directory)
    return "the working directory " + order.working_directory + " can't be entered: " + why;
  const auto& name = order.argv[0];
  if (failure.what == StepFailure::What::killed) return "its process was killed before it became " + name;
  if (failure.error == ENOENT && name.find('/') == std::string::npos) {
    return name + " is in no folder of PATH (" + std::string(path_of(order)) + ")";
  }
  if (failure.error == ENOENT) return name + ": no such file, or the interpreter that its first line names is missing";
  if (failure.error == ENOEXEC) return name + " is neither a program nor a script with a first line like #!/bin/sh";
  if (failure.error == E2BIG) return name + ": arguments and environment are too long for the kernel";
  return name + ": " + why;
}

}  // namespace quietgate
