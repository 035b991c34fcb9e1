#include "runner/base/move_aside.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace quietgate {

Result<std::string> move_aside(const std::string& path) {
  constexpr int most_stale = 10'000;
  for (int number = 1; number <= most_stale; ++number) {
    auto other = path + ".stale-" + std::to_string(number);
    if (::faccessat(AT_FDCWD, other.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, other.c_str(), RENAME_NOREPLACE) == 0) return other;
    // Some file systems can't promise that.
    if ((errno == EINVAL || errno == ENOSYS) && ::rename(path.c_str(), other.c_str()) == 0) return other;
    if (errno != EEXIST) break;
  }
  return infrastructure_error("can't rename " + path + ", which is another's: " + strerrordesc_np(errno),
                              "move it away by hand, then retry");
}

}  // namespace quietgate
