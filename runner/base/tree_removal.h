// The one way in which trees are removed: whoever filled them may have put anything there.
#pragma once

#include <atomic>
#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Removes the file or folder at `path` and all below it, however deep. Links are removed, never followed; what is
// mounted below (or at) it stays as it is. Absent is success. `stop`, if any, ends it between two files. Error (kind
// infrastructure): something stays, told with the first such place, how many more there are, and why.
Result<void> remove_tree(const std::string& path, const std::atomic<bool>* stop = nullptr);

}  // namespace quietgate
