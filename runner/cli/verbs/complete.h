// `quietgate complete`: used by the completion scripts.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb complete_verb();

}  // namespace quietgate
