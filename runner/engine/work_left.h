// What a run's state says of the work on it.
#pragma once

#include "runner/model/state.h"

namespace quietgate {

// Nothing is begun any more: the run only has to end.
bool nothing_left(const RunState& state);
// Whether something may run under a leader for this run.
bool under_way(const RunState& state);

}  // namespace quietgate
