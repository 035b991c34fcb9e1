// `quietgate cancel`: ends a run.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb cancel_verb();

}  // namespace quietgate
