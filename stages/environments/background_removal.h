// Removes a folder, which may be large, on the disk's own threads.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/ports/disk.h"

namespace quietgate {

// Calls remove_tree() outside of the event loop; without a disk, on this thread. Throws Stopped.
Task<Result<void>> remove_tree_in_background(Disk* disk, std::string folder, Stop& stop);

}  // namespace quietgate
