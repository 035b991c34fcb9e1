#include "runner/adapters/attempt_trees/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/base/tree_removal.h"

namespace quietgate {

namespace {

Error failed(const std::string& what, int error) {
  return infrastructure_error("can't " + what + ": " + std::strerror(error));
}

// As the folder that is seen through it.
bool make(const std::string& path, const struct stat& root) {
  if (::mkdir(path.c_str(), 0700) != 0) return errno == EEXIST;
  const bool owned = root.st_uid == ::geteuid() || ::chown(path.c_str(), root.st_uid, root.st_gid) == 0;
  return owned && ::chmod(path.c_str(), root.st_mode & 07777) == 0;
}

}  // namespace

Result<void> mount_overlay(const Overlay& overlay) {
  struct stat root {};
  if (::stat(overlay.lower.c_str(), &root) != 0) return failed("read " + overlay.lower, errno);
  // What an earlier mount left there keeps the next one from coming.
  if (auto removed = remove_tree(overlay.work); !removed) return removed;
  for (const auto& path : {overlay.upper, overlay.work, overlay.point}) {
    if (!make(path, root)) return failed("make " + path, errno);
  }
  const auto paths = "lowerdir=" + overlay.lower + ",upperdir=" + overlay.upper + ",workdir=" + overlay.work;
  if (paths.find('\\') != std::string::npos || overlay.lower.find_first_of(":,") != std::string::npos)
    return infrastructure_error("the path " + overlay.lower + " can't be named to the kernel");
  int error = 0;
  // Folders can be renamed as anywhere; volatile: no sync of the whole disk at its end, which kernels before 5.10 do.
  for (const char* options : {",redirect_dir=on,index=off,volatile", ",redirect_dir=on,index=off", ""}) {
    if (::mount("overlay", overlay.point.c_str(), "overlay", 0, (paths + options).c_str()) == 0) return {};
    error = errno;
    if (error != EINVAL) break;
  }
  return failed("mount an overlay at " + overlay.point, error);
}

bool is_mount_point(const std::string& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

void unmount(const std::string& point) {
  while (::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
}

void mount_read_only(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0 || (status.f_flag & ST_RDONLY) != 0) return;
  if (::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0) return;
  if (::mount(nullptr, folder.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) unmount(folder);
}

}  // namespace quietgate
