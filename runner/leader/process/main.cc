// The leader's program. It is embedded in the runner and executed from memory, so that an upgrade of the runner never
// changes it below a running step. It is linked statically: its start is part of every step.
//   argv: name, then the descriptors of the order, of the lock and of the report
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

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
void close_others(std::array<unsigned, 3> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (auto fd : kept) {
    if (fd > from) ::syscall(SYS_close_range, from, fd - 1, 0);
    from = fd + 1;
  }
  ::syscall(SYS_close_range, from, ~0U, 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::array<unsigned, 3> fds{};
  for (std::size_t i = 0; i < fds.size(); ++i) {
    fds[i] = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    ::fcntl(static_cast<int>(fds[i]), F_SETFD, FD_CLOEXEC);
  }
  close_others(fds);
  if (::chdir("/") != 0) return 2;  // no file system is kept busy by a leader
  ::prctl(PR_SET_NAME, "qg-leader");
  auto order = read_order(static_cast<int>(fds[0]));
  ::close(static_cast<int>(fds[0]));
  if (!order) ::_exit(2);
  quietgate::Leader leader(std::move(*order), static_cast<int>(fds[1]), static_cast<int>(fds[2]));
  // Nothing is worth tearing down, and a sanitizer's search for leaks would be felt in every step.
  ::_exit(leader.run());
}
