#include "runner/leader/process/inside.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "runner/leader/order.h"
#include "runner/leader/process/execution.h"

namespace quietgate {

namespace {

void tell(InsideWord word) {
  [[maybe_unused]] const auto told = ::send(inside::socket, &word, sizeof word, MSG_NOSIGNAL);
}

void tell_failure(Refusal refusal) {
  tell({InsideWord::failed, static_cast<std::int32_t>(refusal.what), refusal.error});
}

std::optional<LeaderOrder> read_inner_order() {
  struct stat about = {};
  if (::fstat(inside::order, &about) != 0) return {};
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  if (::pread(inside::order, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  ::close(inside::order);
  return decode_order(bytes);
}

// With root goes every capability that counts; those for programs that are executed go too.
bool become_user(const OrderedSandbox& sandbox) {
  if (sandbox.user == 0) return true;
  const auto user = static_cast<uid_t>(sandbox.user);
  const auto group = static_cast<gid_t>(sandbox.group);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 || ::setresuid(user, user, user) != 0)
    return false;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<struct __user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

int hear_children() {
  sigset_t heard;
  ::sigemptyset(&heard);
  ::sigaddset(&heard, SIGCHLD);
  return ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The new process, or -1 after its failure was told.
pid_t start(const LeaderOrder& order) {
  int ends[2];
  const Execution execution(order);
  const bool made = ::pipe2(ends, O_CLOEXEC) == 0;
  const auto pid = made ? ::fork() : -1;
  if (pid < 0) {
    tell_failure({StartFailure::What::program, errno});
    return -1;
  }
  if (pid == 0) {
    ::setpgid(0, 0);
    const auto refused = execute(order, execution, inside::output, inside::error_output);
    [[maybe_unused]] const auto put = ::write(ends[1], &refused, sizeof refused);
    ::_exit(127);
  }
  ::setpgid(pid, pid);
  ::close(ends[1]);
  Refusal refused;
  ssize_t got = 0;
  do got = ::read(ends[0], &refused, sizeof refused);
  while (got < 0 && errno == EINTR);
  ::close(ends[0]);
  if (got != static_cast<ssize_t>(sizeof refused)) return pid;
  tell_failure(refused);
  return -1;
}

class Inside {
 public:
  explicit Inside(const LeaderOrder& order) : order_(order), first_(::getpid() == 1) {}

  int live() {
    children_ = hear_children();
    if (children_ < 0) return 1;
    if (!order_.sandbox.holds) step_ = start(order_);
    if (step_ < 0) return 127;
    ::close(inside::output);
    ::close(inside::error_output);
    tell({InsideWord::runs, 0, 0});
    while (!over_) {
      struct pollfd polled[2] = {{led_ ? inside::socket : -1, POLLIN, 0}, {children_, POLLIN, 0}};
      ::poll(polled, 2, -1);
      if (polled[0].revents != 0) hear();
      if (polled[1].revents != 0) reap();
    }
    return 0;
  }

 private:
  void hear() {
    InsideWord word;
    const auto got = ::recv(inside::socket, &word, sizeof word, 0);
    if (got < 0 && errno == EINTR) return;
    if (got != static_cast<ssize_t>(sizeof word)) return leave_leader();
    if (order_.sandbox.holds) over_ = true;
    if (word.kind != InsideWord::signal_ || !runs_) return;
    ::kill(-step_, word.value);
    ::kill(-step_, SIGCONT);
  }

  // The leader is gone: what is kept goes on, the rest ends with this process; in a sandbox that others share the
  // runner finds it.
  void leave_leader() {
    led_ = false;
    over_ = first_ && !(order_.keep_descendants && !runs_);
  }

  void reap() {
    struct signalfd_siginfo ignored;
    while (::read(children_, &ignored, sizeof ignored) > 0) {
    }
    for (;;) {
      int how = 0;
      const auto pid = ::waitpid(-1, &how, WNOHANG);
      if (pid < 0 && errno == EINTR) continue;
      const bool childless = pid < 0;
      if (childless && !order_.sandbox.holds) over_ = true;
      if (pid <= 0) return;
      if (pid != step_) continue;
      runs_ = false;
      tell({InsideWord::ended, how, 0});
      // What goes on has another first process.
      if (order_.keep_descendants && !first_) over_ = true;
    }
  }

  const LeaderOrder& order_;
  const bool first_;  // of its process ids
  pid_t step_ = 0;
  int children_ = -1;
  bool led_ = true;
  bool runs_ = true;
  bool over_ = false;
};

}  // namespace

int be_inside() {
  ::prctl(PR_SET_DUMPABLE, 0);  // the step can't look into it, nor take its place at the socket
  ::prctl(PR_SET_NAME, "qg-inside");
  ::syscall(SYS_close_range, static_cast<unsigned>(inside::first_other), ~0U, 0);
  ::close(inside::program);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const auto order = read_inner_order();
  if (!order) return 125;
  if (!become_user(order->sandbox)) {
    tell_failure({StartFailure::What::sandbox, errno});
    return 125;
  }
  ::prctl(PR_SET_DUMPABLE, 0);  // a new user makes it so, or not: that is the machine's setting
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return Inside(*order).live();
}

}  // namespace quietgate
