#include "runner/adapters/leader_spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "runner/leader/program.h"

namespace quietgate {

namespace {

constexpr std::size_t most_title = 500;

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

}  // namespace

Result<Descriptor> make_leader_program() {
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

Result<WaitingLeader> WaitingLeader::spawn(int program) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failure("no socket", errno);
  WaitingLeader leader;
  leader.id_ = random_id();
  leader.socket_.reset(ends[0]);
  const Descriptor theirs(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::array<std::string, 3> texts{"quietgate-waiting", leader.id_, std::to_string(theirs.get())};
  std::array<char*, 4> argv{};
  for (std::size_t i = 0; i < texts.size(); ++i) argv[i] = texts[i].data();
  SpawnPlan plan;
  plan.keep(theirs.get());
  pid_t pid = 0;
  if (const int error = plan.spawn(pid, "/proc/self/fd/" + std::to_string(program), argv.data()); error != 0) {
    return failure("it can't be executed from memory", error);
  }
  // Nobody else reaps our children, so the pid is still its. Unwatched, it ends with its socket.
  leader.pid_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!leader.pid_) return failure("it can't be watched", errno);
  return leader;
}

Result<bool> WaitingLeader::give(const LeaderOrder& order, const Descriptor& lock) {
  auto told = memory_file("quietgate-order", MFD_NOEXEC_SEAL);
  if (!told || !fill(told.get(), encode(order))) return failure("no file in memory", errno);
  const std::array<int, 2> descriptors{told.get(), lock.get()};
  char byte = '.';
  struct iovec text = {&byte, 1};
  alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof descriptors)] = {};
  struct msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == 1) return true;
  const int error = errno;
  if (error != EPIPE && error != ECONNRESET) return failure("it can't be told what to lead", error);
  siginfo_t ended = {};
  ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pid_.get()), &ended, WEXITED);
  return false;
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
