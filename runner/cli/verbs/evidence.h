// `quietgate evidence`: the signed evidence of a run's promotions. 4: the run has promoted nothing.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb evidence_verb();

}  // namespace quietgate
