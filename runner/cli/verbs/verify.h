// `quietgate verify`: checks the evidence of a commit, without a service. 0: all evidence holds; 1: some does not; 4:
// there is none.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb verify_verb();

}  // namespace quietgate
