#include "runner/adapters/disk/disk_files.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "runner/base/walk.h"

namespace quietgate {

namespace {

// Of an overlay, what is above the checkout: the walk stops at mounts.
std::uint64_t use_of_folder(const std::string& folder, const Disk::StopFlag& stop) {
  std::uint64_t bytes = 0;
  const auto count = [&](const std::string& path, EntryKind) {
    struct stat status {};
    if (::lstat((folder + "/" + path).c_str(), &status) == 0)
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    return true;
  };
  walk_tree(folder, count, &stop);
  return bytes;
}

}  // namespace

Result<DiskSpace> DiskFiles::space() {
  struct statvfs status {};
  if (::statvfs(folder_.c_str(), &status) != 0)
    return infrastructure_error("can't read the free space of " + folder_ + ": " + std::strerror(errno));
  return DiskSpace{static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
                   static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
}

Task<std::vector<std::uint64_t>> DiskFiles::use_of(std::vector<std::string> folders, Stop& stop) {
  std::function<std::vector<std::uint64_t>(const Disk::StopFlag&)> work = [folders](const Disk::StopFlag& flag) {
    std::vector<std::uint64_t> bytes;
    for (const auto& folder : folders) bytes.push_back(use_of_folder(folder, flag));
    return bytes;
  };
  return disk_.run(std::move(work), stop);
}

}  // namespace quietgate
