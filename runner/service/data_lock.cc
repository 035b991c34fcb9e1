#include "runner/service/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace quietgate {

namespace {

Error failure(const std::string& path) {
  return infrastructure_error("can't use " + path + ": " + std::error_code(errno, std::generic_category()).message(),
                              "check the space and the permissions of the data directory");
}

// A file for people, and for older versions, which lock it alone. Somebody may have put something else in its place.
Descriptor open_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat about = {};
  if (file && (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))) {
    file.reset();
    errno = ENOTSUP;
  }
  return file;
}

Error in_use(const std::string& data, const Descriptor& file) {
  char holder[32] = {};
  const auto size = file ? ::pread(file.get(), holder, sizeof holder - 1, 0) : 0;
  return user_error(
      "another quietgate" + (size > 0 ? " (process " + std::string(holder) + ")" : std::string()) + " uses " + data,
      "stop it first, or use another data directory (`data:` in the configuration, or --data)");
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& data) {
  const auto path = data + "/lock";
  Descriptor directory(::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failure(data);
  const bool locked = ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
  const bool held = !locked && errno == EWOULDBLOCK;  // else it can't be: some network file systems lock files only
  Descriptor file = open_file(path);
  if (held) return in_use(data, file);
  if (!file) return failure(path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return in_use(data, file);
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0) return failure(path);
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(std::move(directory), std::move(file)));
}

}  // namespace quietgate
