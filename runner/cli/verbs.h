// All verbs of `quietgate`.
#pragma once

#include <vector>

#include "runner/cli/verb.h"

namespace quietgate {

// In the order of --help. The values of their options are the result's own: each call makes new ones.
std::vector<Verb> all_verbs();

}  // namespace quietgate
