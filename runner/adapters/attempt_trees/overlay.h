// One folder seen through another: what is written goes to the upper one, the lower one stays as it is.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

struct Overlay {
  std::string lower;  // exists
  std::string upper;  // of the same file system as `work`; both are made when they are not there
  std::string work;
  std::string point;  // where it is seen; made when it is not there
};

// Mounts it; what `upper` holds from an earlier mount is seen again. An error tells why this kernel, this file system
// or this process can't. Never syncs a disk: what is in it need not outlive a crash of the machine.
Result<void> mount_overlay(const Overlay& overlay);
// Whether something is mounted exactly there.
bool is_mount_point(const std::string& path);
// Lets go of it and of all that is mounted below, at once, although it is in use. None is success.
void unmount(const std::string& point);
// Nobody writes to the folder by its path any more, until unmount(). Best effort.
void mount_read_only(const std::string& folder);

}  // namespace quietgate
