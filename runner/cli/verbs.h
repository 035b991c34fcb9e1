// All verbs of `quietgate`.
#pragma once

#include <vector>

#include "runner/cli/verb.h"

namespace quietgate {

// In the order of --help. Each call creates new verbs with their own option values.
std::vector<Verb> all_verbs();

}  // namespace quietgate
