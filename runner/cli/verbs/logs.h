// `quietgate logs`: a stage's log. A terminal gets it filtered, a file or a pipe the bytes as they are.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb logs_verb();

}  // namespace quietgate
