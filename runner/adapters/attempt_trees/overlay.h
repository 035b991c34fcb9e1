// An overlay of two folders: writes go to the upper folder, and the lower folder never changes.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

struct Overlay {
  std::string lower;  // must exist
  std::string upper;  // on the same file system as `work`; both are created if missing
  std::string work;
  std::string point;  // the mount point; created if missing
};

// Mounts the overlay; changes of an earlier mount in `upper` are visible again. The error says why the kernel, the file
// system or the process can't. Never syncs the disk: the content need not survive a crash of the machine.
Result<void> mount_overlay(const Overlay& overlay);
// Whether the path is a mount point.
bool is_mount_point(const std::string& path);
// Unmounts it and all mounts below, at once, even if in use. Succeeds if nothing is mounted.
void unmount(const std::string& point);
// Makes the folder read-only by its path, until unmount(). Best effort.
void mount_read_only(const std::string& folder);

}  // namespace quietgate
