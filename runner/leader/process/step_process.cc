#include "runner/leader/process/step_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "runner/leader/process/execution.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr int pipe_bytes = 1 << 20;

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

// Runs in the new process until it is the program. `complaints`: its standard error, of a program that makes a sandbox;
// -1: it is the step's own, with the step's output.
[[noreturn]] void become_program(const LeaderOrder& order, int group, const Execution& execution,
                                 const StepProcess& theirs, int complaints,
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
  const int output = theirs.raw_output >= 0 ? theirs.raw_output : theirs.output;
  const auto refused =
      complaints >= 0 ? execute(order, execution, 1, complaints) : execute(order, execution, output, theirs.output);
  failure.what = refused.what;
  failure.error = refused.error;
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

// Copies with high numbers: none is overwritten before it is passed.
void pass(const SandboxDescriptors& given, const LeaderOrder& order, const StepProcess& theirs, Execution& execution) {
  constexpr int above = 64;
  auto all = given.before;
  all.push_back(theirs.raw_output >= 0 ? theirs.raw_output : theirs.output);
  all.push_back(theirs.output);
  // Whoever writes to /dev/stderr opens it anew.
  if (order.sandbox.user != 0) {
    for (int fd : {theirs.output, theirs.raw_output})
      [[maybe_unused]] const int owned =
          ::fchown(fd, static_cast<uid_t>(order.sandbox.user), static_cast<gid_t>(order.sandbox.group));
  }
  all.insert(all.end(), given.after.begin(), given.after.end());
  for (int fd : all) execution.passed.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, above));
}

}  // namespace

std::string start_step(const LeaderOrder& order, int group, const std::function<std::string(pid_t)>& record,
                       StepProcess& step, StartFailure& failure, const SandboxDescriptors* sandbox) {
  StepProcess theirs;
  bool made = make_pipe(step.output, theirs.output);
  if (made && !order.stdout_file.empty()) made = make_pipe(step.raw_output, theirs.raw_output);
  if (!made) return std::string("a pipe could not be made: ") + strerrordesc_np(errno);
  void* shared = ::mmap(nullptr, sizeof(StartReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return std::string("no memory: ") + strerrordesc_np(errno);
  auto* report = static_cast<StartReport*>(shared);  // zeros: nothing failed
  Execution execution(order);
  if (sandbox != nullptr) pass(*sandbox, order, theirs, execution);
  const int complaints = sandbox == nullptr ? -1 : sandbox->complaints;
  const auto process = make_process(group);
  if (process.pid == 0)
    become_program(order, process.entered ? -1 : group, execution, theirs, complaints, record, *report);
  const int error = errno;
  step.pid = static_cast<pid_t>(process.pid);
  failure = {report->what, report->error, report->record};
  ::munmap(shared, sizeof(StartReport));
  for (int fd : {theirs.output, theirs.raw_output}) {
    if (fd >= 0) ::close(fd);
  }
  for (int fd : execution.passed) ::close(fd);
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
  if (failure.what == StartFailure::What::sandbox) return "its sandbox can't be made: " + failure.sandbox;
  if (failure.what == StartFailure::What::killed) return "its process was killed before it became " + name;
  if (failure.error == ENOENT && name.find('/') == std::string::npos) {
    return name + " is in no folder of PATH (" + std::string(path_of(order.environment)) + ")";
  }
  if (failure.error == ENOENT) return name + ": no such file, or the interpreter that its first line names is missing";
  if (failure.error == ENOEXEC) return name + " is neither a program nor a script with a first line like #!/bin/sh";
  if (failure.error == E2BIG) return name + ": arguments and environment are too long for the kernel";
  return name + ": " + why;
}

}  // namespace quietgate
