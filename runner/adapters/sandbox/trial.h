// Whether this machine lets this process make a sandbox: it is tried, not guessed.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// Has the program make one, with this filter, and end at once. Waits, up to ten seconds. An error tells what the
// program said, and the command that mends it, as far as the machine's settings tell.
Result<void> try_sandbox(std::vector<std::string> argv, const std::string& filter);

}  // namespace quietgate
