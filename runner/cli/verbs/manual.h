// `quietgate manual`: the manual page in section 1, as troff.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb manual_verb();

}  // namespace quietgate
