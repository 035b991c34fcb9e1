// The leaders' program. It is embedded in the runner and executed from memory, so that an upgrade of the runner never
// changes it below a running step. It is linked statically: it starts fast and holds little.
//
//   source: asked by the runner, it makes a leader, and waits to be asked again. It never sees an order
//   leader: prepares itself and waits for its order, so that its start is not felt by a step; then it leads
//
// Leaders are the runner's own children, not the source's. Both end when the runner does without them.
//   argv: name, the descriptor of the source's socket to the runner
//
//   inside: the first process of a step in a sandbox (inside.h)
//   argv: whatever, `inside`
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "runner/leader/process/inside.h"
#include "runner/leader/process/leader.h"

namespace {

using quietgate::LeaderOrder;

std::optional<LeaderOrder> read_order(int fd) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0) return {};
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const auto got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  return quietgate::decode_order(bytes);
}

// Nothing of the runner's is kept open but what was meant for us.
void close_others(unsigned kept) {
  if (kept > 3) ::syscall(SYS_close_range, 3U, kept - 1, 0);
  ::syscall(SYS_close_range, kept + 1, ~0U, 0);
}

// A packet with so many descriptors. Nothing: the runner is gone, or needs us no more.
template <std::size_t count>
struct Packet {
  std::string text;
  std::array<int, count> descriptors{};
};
template <std::size_t count>
std::optional<Packet<count>> receive(int runner) {
  Packet<count> packet;
  packet.text.resize(64);
  struct iovec text = {packet.text.data(), packet.text.size()};
  alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof packet.descriptors)] = {};
  struct msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  do got = ::recvmsg(runner, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const auto* header = CMSG_FIRSTHDR(&message);
  if (got <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof packet.descriptors))
    return {};
  packet.text.resize(static_cast<std::size_t>(got));
  std::memcpy(packet.descriptors.data(), CMSG_DATA(header), sizeof packet.descriptors);
  return packet;
}

// The runner: the pid of a leader, or why there is none.
void tell(int runner, std::int64_t pid_or_error) {
  const auto text = std::to_string(pid_or_error);
  [[maybe_unused]] const auto told = ::send(runner, text.data(), text.size(), MSG_NOSIGNAL);
}

// What `ps` shows, in place of the arguments and of the variable that keeps room behind them.
struct Title {
  char* begin;
  std::size_t room;
  void show(const std::string& text) const {
    std::memset(begin, 0, room);
    text.copy(begin, room);
  }
};

[[noreturn]] void lead(const std::string& id, int runner, const Title& title) {
  ::setsid();
  ::prctl(PR_SET_NAME, "qg-waiting");
  title.show("quietgate-waiting " + id);
  quietgate::Leader leader(id, runner);
  if (!leader.wait_for_order()) leader.quit();
  const auto given = receive<2>(runner);
  auto order = given ? read_order(given->descriptors[0]) : std::nullopt;
  if (!order) leader.quit();
  ::close(given->descriptors[0]);
  ::prctl(PR_SET_NAME, "qg-leader");
  title.show("quietgate-leader " + order->record);
  // Nothing is worth tearing down, and a sanitizer's search for leaks would be felt in every step.
  ::_exit(leader.lead(std::move(*order), given->descriptors[1]));
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  if (argc != 2 || environment[0] == nullptr) return 2;
  if (std::strcmp(argv[1], quietgate::inside::argument) == 0) ::_exit(quietgate::be_inside());
  const auto runner = static_cast<int>(std::strtoul(argv[1], nullptr, 10));
  ::fcntl(runner, F_SETFD, FD_CLOEXEC);
  close_others(static_cast<unsigned>(runner));
  if (::chdir("/") != 0) return 2;  // no file system is kept busy by a leader
  ::prctl(PR_SET_NAME, "qg-leaders");
  const Title title{argv[0], static_cast<std::size_t>(environment[0] + std::strlen(environment[0]) - argv[0])};
  title.show("quietgate-leaders");
  while (const auto asked = receive<1>(runner)) {
    clone_args arguments = {};
    arguments.flags = CLONE_PARENT;  // with the exit signal of ours
    auto made = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    // Some containers refuse it.
    if (made < 0) made = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (made == 0) {
      ::close(runner);
      lead(asked->text, asked->descriptors[0], title);
    }
    // Told here, so that a leader is known, and reaped, that is killed before it could say anything.
    tell(asked->descriptors[0], made < 0 ? -errno : made);
    ::close(asked->descriptors[0]);
  }
  ::_exit(0);
}
