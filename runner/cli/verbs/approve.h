// `quietgate approve`: answers the question of a stage that waits for a person.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb approve_verb();

}  // namespace quietgate
