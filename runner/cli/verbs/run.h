// `quietgate run`: a repository's checked-out commit, here and now. Answers the run's exit code.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb run_verb();

}  // namespace quietgate
