// `quietgate queue`: lists what waits, and for what.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb queue_verb();

}  // namespace quietgate
