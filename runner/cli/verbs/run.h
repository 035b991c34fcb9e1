// `quietgate run`: runs the checked-out commit of a repository, without a service. Returns the run's exit code.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb run_verb();

}  // namespace quietgate
