// What stands in the place of something new keeps its content, under another name.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Renames the file, folder or link to `PATH.stale-N`, in nobody's place, and answers that path. Errors are
// infrastructure.
Result<std::string> move_aside(const std::string& path);

}  // namespace quietgate
