// `quietgate start`: requests a run of a branch or a commit.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb start_verb();

}  // namespace quietgate
