#include "runner/leader/process/sandboxed_step.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/base/descriptor.h"
#include "runner/leader/process/inside.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr std::size_t most_complaints = 600;

std::string problem_of(const char* what) {
  return std::string(what) + ": " + strerrordesc_np(errno);
}

// A file in memory, to be read from its start.
Descriptor file_with(const std::string& bytes) {
  Descriptor file(::memfd_create("quietgate-inside", MFD_CLOEXEC));
  const auto put = file ? ::write(file.get(), bytes.data(), bytes.size()) : -1;
  if (put != static_cast<ssize_t>(bytes.size()) || ::lseek(file.get(), 0, SEEK_SET) != 0) file.reset();
  return file;
}

// What the process inside needs: neither secrets to mask nor paths of the leader's.
LeaderOrder inner_of(const LeaderOrder& order) {
  LeaderOrder inner;
  inner.argv = order.argv;
  inner.environment = order.environment;
  inner.working_directory = order.working_directory;
  inner.keep_descendants = order.keep_descendants;
  inner.sandbox = order.sandbox;
  inner.sandbox.argv.clear();
  inner.sandbox.filter.clear();
  return inner;
}

// With the variable that names the step, so that the sandbox's processes are found by it too, and nothing else of the
// step's: what makes the sandbox stands outside of it.
LeaderOrder outer_of(const LeaderOrder& order) {
  auto outer = order;
  outer.argv = order.sandbox.argv;
  outer.environment = {std::string(step_marker) + "=" + order.id};
  outer.working_directory = "/";
  return outer;
}

std::string read_complaints(int fd) {
  std::string text(most_complaints, '\0');
  const auto got = ::read(fd, text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

struct SandboxedStep::Ends {
  Descriptor socket, order, program, filter, process_ids, users, inner_users;
  Descriptor complaints, written;
};

std::string SandboxedStep::open(const LeaderOrder& order, Ends& ends) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return problem_of("no socket");
  socket_ = pair[0];
  ends.socket.reset(pair[1]);
  const int on = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  if (::pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) return problem_of("no pipe");
  ends.complaints.reset(pair[0]);
  ends.written.reset(pair[1]);
  ends.order = file_with(encode(inner_of(order)));
  ends.filter = file_with(order.sandbox.filter);
  ends.program.reset(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!ends.order || !ends.filter || !ends.program) return problem_of("no file in memory");
  if (order.sandbox.joins == 0) return {};
  const auto of = "/proc/" + std::to_string(order.sandbox.joins) + "/ns/";
  ends.process_ids.reset(::open((of + "pid").c_str(), O_RDONLY | O_CLOEXEC));
  ends.inner_users.reset(::open((of + "user").c_str(), O_RDONLY | O_CLOEXEC));
  const auto now = read_stat(static_cast<pid_t>(order.sandbox.joins));
  if (!ends.process_ids || !ends.inner_users || !now || now->start != order.sandbox.joins_start)
    return "the sandbox of its environment is gone";
  ends.users.reset(::ioctl(ends.process_ids.get(), NS_GET_USERNS));
  return {};
}

std::string SandboxedStep::start(const LeaderOrder& order, int group, const std::function<std::string(pid_t)>& record,
                                 StepProcess& step, StartFailure& failure) {
  Ends ends;
  auto problem = open(order, ends);
  if (!problem.empty()) return problem;
  SandboxDescriptors given;
  given.before = {ends.socket.get(), ends.order.get(), ends.program.get()};
  given.after = {ends.filter.get()};
  given.complaints = ends.written.get();
  auto outer = outer_of(order);
  auto& argv = outer.argv;
  int next = inside::first_other;
  argv.insert(argv.end(), {"--seccomp", std::to_string(next++)});
  const auto give = [&](const char* option, const Descriptor& descriptor) {
    given.after.push_back(descriptor.get());
    argv.insert(argv.end(), {option, std::to_string(next++)});
  };
  if (ends.process_ids) give("--pidns", ends.process_ids);
  if (ends.users && order.sandbox.user == 0 && ::geteuid() != 0) {
    give("--userns", ends.users);
    give("--userns2", ends.inner_users);
  }
  argv.insert(argv.end(), {"--", "/proc/self/fd/" + std::to_string(inside::program), inside::argument});
  problem = start_step(outer, group, record, step, failure, &given);
  ends.socket.reset();
  ends.written.reset();
  if (!problem.empty() || !failure.record.empty()) return problem;
  if (failure.what == StartFailure::What::nothing) {
    await_begin(ends, step, failure);
  } else {
    failure.sandbox = describe(failure, outer);
    failure.what = StartFailure::What::sandbox;
  }
  return {};
}

// It tells soon, or ends: whoever holds the other end of the socket is a process of this sandbox.
void SandboxedStep::await_begin(const Ends& ends, StepProcess& step, StartFailure& failure) {
  InsideWord word;
  struct iovec part = {&word, sizeof word};
  alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(struct ucred))] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  do got = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  own_.insert(step.pid);
  if (got != static_cast<ssize_t>(sizeof word)) {
    leave();
    failure.what = StartFailure::What::sandbox;
    failure.sandbox = read_complaints(ends.complaints.get());
    if (failure.sandbox.empty()) failure.sandbox = "it ended before the step began";
    return;
  }
  const auto* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_CREDENTIALS) {
    struct ucred from = {};
    std::memcpy(&from, CMSG_DATA(header), sizeof from);
    know(from.pid);
  }
  if (word.kind != InsideWord::failed) return;
  failure.what = static_cast<StartFailure::What>(word.value);
  failure.error = word.error;
  if (failure.what == StartFailure::What::sandbox)
    failure.sandbox = std::string("its user can't be taken: ") + strerrordesc_np(word.error);
}

// All from the first process inside up to us.
void SandboxedStep::know(pid_t first) {
  for (auto pid = first; pid > 1 && pid != ::getpid() && own_.insert(pid).second;) {
    const auto stat = read_stat(pid);
    pid = stat ? stat->parent : 0;
  }
}

std::optional<int> SandboxedStep::hear() {
  while (socket_ >= 0) {
    InsideWord word;
    const auto got = ::recv(socket_, &word, sizeof word, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got != static_cast<ssize_t>(sizeof word)) {
      leave();
      break;
    }
    if (word.kind == InsideWord::ended) return word.value;
  }
  return {};
}

void SandboxedStep::signal(int signal) const {
  const InsideWord word{InsideWord::signal_, signal, 0};
  [[maybe_unused]] const auto told = ::send(socket_, &word, sizeof word, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void SandboxedStep::leave() {
  ::close(socket_);
  socket_ = -1;
}

}  // namespace quietgate
