// `quietgate complete`: what the completion scripts ask.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb complete_verb();

}  // namespace quietgate
