// `quietgate approve`: a person's answer to a stage that asks.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb approve_verb();

}  // namespace quietgate
