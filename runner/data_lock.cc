#include "runner/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace quietgate {

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& data) {
  const auto path = data + "/lock";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return infrastructure_error("can't open " + path + ": " +
                                std::error_code(errno, std::generic_category()).message());
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const auto size = ::pread(fd, holder, sizeof holder - 1, 0);
    ::close(fd);
    return user_error(
        "another quietgate" + (size > 0 ? " (process " + std::string(holder) + ")" : std::string()) + " uses " + data,
        "stop it first, or give this one a data directory of its own (`data:` in the configuration, or --data)");
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    ::close(fd);
    return infrastructure_error("can't write " + path, "check the space and the permissions of the data directory");
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
}

DirectoryLock::~DirectoryLock() {
  ::close(fd_);
}

}  // namespace quietgate
