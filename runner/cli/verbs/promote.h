// `quietgate promote`: promotes an ended run's commit by hand.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb promote_verb();

}  // namespace quietgate
