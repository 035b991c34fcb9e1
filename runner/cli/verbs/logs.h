// `quietgate logs`: a stage's log. A terminal gets filtered text, a file or a pipe the raw bytes.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb logs_verb();

}  // namespace quietgate
