// `quietgate show`: one run. With --follow it answers the run's exit code.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb show_verb();

}  // namespace quietgate
