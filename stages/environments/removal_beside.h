// Removal of a folder that may be large, where a disk's own threads are at hand.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/ports/disk.h"

namespace quietgate {

// remove_tree() beside the loop; without a disk at once. Throws Stopped.
Task<Result<void>> remove_tree_beside(Disk* disk, std::string folder, Stop& stop);

}  // namespace quietgate
