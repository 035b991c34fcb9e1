#include "runner/base/open_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace quietgate {

namespace {

constexpr int open_folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

// Kernels before 5.6 tell other devices only.
Descriptor open_by_device(int parent, const char* name) {
  Descriptor opened(::openat(parent, name, open_folder_flags));
  struct stat inside {};
  struct stat outside {};
  if (opened && ::fstat(opened.get(), &inside) == 0 && ::fstat(parent, &outside) == 0 &&
      inside.st_dev != outside.st_dev) {
    opened.reset();
    errno = EXDEV;
  }
  return opened;
}

}  // namespace

Descriptor open_folder_below(int parent, const char* name) {
  open_how how{};
  how.flags = open_folder_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  Descriptor opened(static_cast<int>(::syscall(SYS_openat2, parent, name, &how, sizeof how)));
  if (!opened && errno == ENOSYS) return open_by_device(parent, name);
  return opened;
}

Descriptor open_folder(const std::string& path) {
  return Descriptor(::open(path.c_str(), open_folder_flags));
}

}  // namespace quietgate
