// `quietgate verify`: checks the evidence of a commit, without any service. 0: all of it holds; 1: some of it does not;
// 4: there is none.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb verify_verb();

}  // namespace quietgate
