// `quietgate rollback`: requests a run that undoes a run's promotion.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb rollback_verb();

}  // namespace quietgate
