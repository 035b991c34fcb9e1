#include "runner/leader/process/step_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
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

// What the new process says of itself, in memory that both see.
struct StartReport {
  StartFailure::What what;
  int error;
  char record[1024];  // ends with a zero
};

struct Process {
  long pid = -1;         // 0 in the new one
  bool entered = false;  // it is in its control group from its first moment
};

// Both go on from here, the leader once the other one is the program or has ended. To be made inside of the group costs
// nothing; to move there later means waiting until every processor has taken notice, which can take 20 ms.
Process make_process(int group) {
  Process made;
  clone_args arguments = {};
  arguments.flags = CLONE_VFORK | CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(group);
  made.entered = true;
  if (group >= 0) made.pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (made.pid >= 0) return made;
  // Kernels before 5.7 can't, and some containers refuse it.
  made.entered = false;
  made.pid = ::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  return made;
}

void enter_group(int group) {
  const int procs = ::openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  [[maybe_unused]] const auto put = ::write(procs, "0", 1);  // refused: without it
  ::close(procs);
}

// Runs in the new process until it is the program.
[[noreturn]] void become_program(const LeaderOrder& order, int group, const Exec& exec, const StepProcess& theirs,
                                 const std::function<std::string(pid_t)>& record, StartReport& failure) {
  using What = StartFailure::What;
  ::setpgid(0, 0);
  if (group >= 0) enter_group(group);
  const auto problem = record(static_cast<pid_t>(::syscall(SYS_getpid)));
  if (!problem.empty()) {
    problem.copy(failure.record, sizeof failure.record - 1);
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

std::string start_step(const LeaderOrder& order, int group, const std::function<std::string(pid_t)>& record,
                       StepProcess& step, StartFailure& failure) {
  StepProcess theirs;
  bool made = make_pipe(step.output, theirs.output);
  if (made && !order.stdout_file.empty()) made = make_pipe(step.raw_output, theirs.raw_output);
  if (!made) return std::string("a pipe could not be made: ") + strerrordesc_np(errno);
  void* shared = ::mmap(nullptr, sizeof(StartReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return std::string("no memory: ") + strerrordesc_np(errno);
  auto* report = static_cast<StartReport*>(shared);  // zeros: nothing failed
  const Exec exec{candidates(order), pointers(order.argv), pointers(order.environment)};
  const auto process = make_process(group);
  if (process.pid == 0) become_program(order, process.entered ? -1 : group, exec, theirs, record, *report);
  const int error = errno;
  step.pid = static_cast<pid_t>(process.pid);
  failure = {report->what, report->error, report->record};
  ::munmap(shared, sizeof(StartReport));
  for (int fd : {theirs.output, theirs.raw_output}) {
    if (fd >= 0) ::close(fd);
  }
  if (step.pid < 0) return std::string("a process could not be made: ") + strerrordesc_np(error);
  // Somebody may kill it before it is the program: what follows is then not the program's doing.
  if (failure.what == StartFailure::What::nothing) {
    const auto child = read_stat(step.pid);
    if (child && child->never_executed()) failure.what = StartFailure::What::killed;
  }
  return {};
}

std::string describe(const StartFailure& failure, const LeaderOrder& order) {
  const std::string why = strerrordesc_np(failure.error);
  if (failure.what == StartFailure::What::directory)
    return "the working directory " + order.working_directory + " can't be entered: " + why;
  const auto& name = order.argv[0];
  if (failure.what == StartFailure::What::killed) return "its process was killed before it became " + name;
  if (failure.error == ENOENT && name.find('/') == std::string::npos) {
    return name + " is in no folder of PATH (" + std::string(path_of(order)) + ")";
  }
  if (failure.error == ENOENT) return name + ": no such file, or the interpreter that its first line names is missing";
  if (failure.error == ENOEXEC) return name + " is neither a program nor a script with a first line like #!/bin/sh";
  if (failure.error == E2BIG) return name + ": arguments and environment are too long for the kernel";
  return name + ": " + why;
}

}  // namespace quietgate
