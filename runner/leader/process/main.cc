// The leader's program. It is embedded in the runner and executed from memory, so that an upgrade of the runner never
// changes it below a running step. It is linked statically: it starts fast and holds little while it
// waits.
// It is there before its step is: it prepares itself, then waits for its order, so that its start is not felt by a step.
//   argv: name, the id of the step that it will lead, the descriptor of its socket to the runner
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

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

struct Given {
  int order = -1;
  int lock = -1;
};

// Waits. Nothing: the runner is gone, or needs us no more.
std::optional<Given> receive(int runner) {
  Given given;
  char byte = 0;
  struct iovec text = {&byte, 1};
  alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof given)] = {};
  struct msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  do got = ::recvmsg(runner, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const auto* header = CMSG_FIRSTHDR(&message);
  if (got != 1 || header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof given))
    return {};
  std::memcpy(&given, CMSG_DATA(header), sizeof given);
  return given;
}

// What `ps` shows from now on: in place of the arguments, and of the variable that keeps room behind them.
void show(char** argv, char** environment, const std::string& title) {
  auto* end = environment[0] != nullptr ? environment[0] + std::strlen(environment[0]) : argv[2] + std::strlen(argv[2]);
  const auto room = static_cast<std::size_t>(end - argv[0]);
  std::memset(argv[0], 0, room);
  title.copy(argv[0], room);
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  if (argc != 3) return 2;
  const auto runner = static_cast<int>(std::strtoul(argv[2], nullptr, 10));
  ::fcntl(runner, F_SETFD, FD_CLOEXEC);
  close_others(static_cast<unsigned>(runner));
  if (::chdir("/") != 0) return 2;  // no file system is kept busy by a leader
  ::prctl(PR_SET_NAME, "qg-waiting");
  quietgate::Leader leader(argv[1], runner);
  const auto given = receive(runner);
  auto order = given ? read_order(given->order) : std::nullopt;
  if (!order) {
    leader.dismiss();
    ::_exit(given ? 2 : 0);
  }
  ::close(given->order);
  ::prctl(PR_SET_NAME, "qg-leader");
  show(argv, environment, "quietgate-leader " + order->record);
  // Nothing is worth tearing down, and a sanitizer's search for leaks would be felt in every step.
  ::_exit(leader.lead(std::move(*order), given->lock));
}
