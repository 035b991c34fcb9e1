// `quietgate show`: shows one run. With --follow, returns the run's exit code.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb show_verb();

}  // namespace quietgate
