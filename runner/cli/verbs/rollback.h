// `quietgate rollback`: requests a run that puts back what a run promoted.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb rollback_verb();

}  // namespace quietgate
