#include "runner/adapters/local_steps/leader_spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "runner/adapters/local_steps/readiness.h"
#include "runner/leader/control_group.h"
#include "runner/leader/program.h"

namespace quietgate {

namespace {

constexpr std::size_t most_title = 500;
constexpr std::size_t most_descriptors = 2;
constexpr Milliseconds most_patience{1'000};  // for what takes less than one
constexpr int most_tries = 4;

#ifndef MFD_NOEXEC_SEAL
constexpr unsigned MFD_NOEXEC_SEAL = 8U;
#endif
#ifndef MFD_EXEC
constexpr unsigned MFD_EXEC = 16U;
#endif

Error failure(const char* what, int error) {
  return infrastructure_error(std::string("a leader can't be started: ") + what + ": " + strerrordesc_np(error),
                              "check the limits of the service: open files, processes, memory");
}

// `kind` is refused by kernels before 6.3, which need none.
Descriptor memory_file(const char* name, unsigned kind) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kind);
  return Descriptor(fd >= 0 || errno != EINVAL ? fd : ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

bool fill(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    // Blocked, not ignored: a request to end that comes before the leader listens is kept for it.
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &all);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
#ifndef __SANITIZE_ADDRESS__  // whose findings are wanted on the runner's own standard error
    ::posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
#endif
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  // A descriptor duplicated onto itself loses its close-on-exec.
  void keep(int fd) {
    ::posix_spawn_file_actions_adddup2(&actions_, fd, fd);
  }
  int spawn(pid_t& pid, const std::string& file, char* const* argv) {
    // Room for a longer name that `ps` shows: the leader writes it there.
    std::string room = "_=" + std::string(most_title, ' ');
    char* const environment[] = {room.data(), nullptr};
    return ::posix_spawn(&pid, file.c_str(), &actions_, &attributes_, argv, environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<Descriptor> make_program() {
  auto file = memory_file("quietgate-leader", MFD_EXEC);
  if (!file) return failure("no file in memory", errno);
  const auto bytes = leader_program();
  if (!fill(file.get(), bytes)) return failure("no file in memory", errno);
  // The runner itself needs these pages no more.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  return file;
}

// A packet with descriptors. False with errno when it could not be sent.
bool send(int socket, const std::string& text, const std::vector<int>& descriptors) {
  struct iovec part = {const_cast<char*>(text.data()), text.size()};
  const auto bytes = descriptors.size() * sizeof(int);
  alignas(struct cmsghdr) char room[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = CMSG_SPACE(bytes);
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// Both ends; the first one doesn't block.
bool make_sockets(Descriptor& ours, Descriptor& theirs) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Result<bool> WaitingLeader::give(const LeaderOrder& order, const Descriptor& lock) {
  auto told = memory_file("quietgate-order", MFD_NOEXEC_SEAL);
  if (!told || !fill(told.get(), encode(order))) return failure("no file in memory", errno);
  if (send(socket_.get(), ".", {told.get(), lock.get()})) return true;
  const int error = errno;
  if (error != EPIPE && error != ECONNRESET) return failure("it can't be told what to lead", error);
  return false;
}

Result<void> LeaderSource::start() {
  if (!program_) {
    auto made = make_program();
    if (!made) return made.error();
    program_ = std::move(*made);
  }
  Descriptor theirs;
  if (!make_sockets(socket_, theirs)) return failure("no socket", errno);
  std::array<std::string, 2> texts{"quietgate-leaders", std::to_string(theirs.get())};
  std::array<char*, 3> argv{texts[0].data(), texts[1].data(), nullptr};
  SpawnPlan plan;
  plan.keep(theirs.get());
  pid_t pid = 0;
  if (const int error = plan.spawn(pid, "/proc/self/fd/" + std::to_string(program_.get()), argv.data()); error != 0) {
    socket_.reset();
    return failure("it can't be executed from memory", error);
  }
  ++sources_;
  number_ = pid;
  // Nobody else reaps our children, so the pid is still its.
  pid_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return {};
}

LeaderSource::~LeaderSource() {
  if (next_) dismiss(std::move(*next_));
  retire();
}

// Also a source that is stopped.
void LeaderSource::retire() {
  socket_.reset();
  const auto number = std::exchange(number_, 0);
  if (pid_)
    children_->end(std::exchange(pid_, Descriptor()));
  else
    children_->end(number);
}

// Nothing: the source is gone, or does not hear.
Result<std::optional<WaitingLeader>> LeaderSource::ask() {
  Descriptor theirs;
  WaitingLeader leader;
  leader.id_ = random_id();
  if (!make_sockets(leader.socket_, theirs)) return failure("no socket", errno);
  if (!socket_ || !send(socket_.get(), leader.id_, {theirs.get()})) return std::optional<WaitingLeader>();
  return std::optional(std::move(leader));
}

pid_t told_pid(int socket) {
  char text[32];
  const auto got = ::read(socket, text, sizeof text);
  pid_t pid = 0;
  return got > 0 && std::from_chars(text, text + got, pid).ec == std::errc() ? pid : 0;
}

LeaderSource::Met LeaderSource::meet(WaitingLeader& leader) {
  if (!is_readable(leader.socket_.get())) return Met::late;
  const auto pid = told_pid(leader.socket_.get());
  if (pid == 0) return Met::gone;
  if (pid < 0) {
    why_ = -pid;
    return Met::refused;
  }
  leader.pid_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (leader.pid_) return Met::here;
  why_ = errno;
  children_->reap_at_end(pid);
  return Met::unwatched;
}

// It ends when it sees that nobody holds its socket, and removes what it made; of one that was killed that is ours.
void LeaderSource::dismiss(WaitingLeader leader) {
  if (leader.pid_)
    children_->reap_at_end(std::move(leader.pid_));
  else
    children_->reap_who_tells(std::move(leader.socket_));
  remove_control_group(control_group_of(leader.id_));
}

void LeaderSource::prepare() {
  if (next_) return;
  if (auto asked = ask()) next_ = std::move(*asked);
}

bool LeaderSource::made(pid_t process) const {
  struct stat theirs = {};
  struct stat ours = {};
  const auto path = "/proc/" + std::to_string(process) + "/exe";
  return program_ && ::fstat(program_.get(), &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

void LeaderSource::put_back(WaitingLeader leader) {
  if (next_) return dismiss(std::move(leader));
  next_ = std::move(leader);
}

Task<Result<WaitingLeader>> LeaderSource::take() {
  for (int tries = 0; tries < most_tries; ++tries) {
    auto leader = std::exchange(next_, std::nullopt);
    const bool prepared = leader.has_value();
    if (prepared && leader->pid_) co_return std::move(*leader);  // it was put back
    if (!prepared) {
      auto asked = ask();
      if (!asked) co_return asked.error();
      leader = std::move(*asked);
    }
    const auto source = sources_;
    auto met = Met::gone;
    if (leader) {
      co_await readable(executor_, leader->socket_.get(), nullptr, most_patience);
      met = meet(*leader);
      if (met == Met::here) co_return std::move(*leader);
      dismiss(std::move(*leader));
    }
    if (met == Met::unwatched) co_return failure("it can't be watched", why_);
    if (met == Met::refused && !prepared) co_return failure("none comes into being", why_);
    // Only itself may be gone; and others may have seen to a new source meanwhile.
    if ((prepared && met != Met::late) || source != sources_) continue;
    // Somebody killed or stopped the source, or this is the first one.
    retire();
    if (auto started = start(); !started) co_return started.error();
  }
  co_return failure("none comes into being", why_);
}

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t done = 0; done < bytes.size();) {
    const auto got = ::getrandom(bytes.data() + done, bytes.size() - done, 0);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  std::string text;
  for (auto byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

std::string boot_id() {
  Descriptor file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char buffer[64];
  const auto got = file ? ::read(file.get(), buffer, sizeof buffer) : 0;
  std::string text(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace quietgate
