// Whether a run's state has work left.
#pragma once

#include "runner/model/state.h"

namespace quietgate {

// No stage will start any more; the run only has to end.
bool nothing_left(const RunState& state);
// Whether a step of this run may be running under a leader.
bool under_way(const RunState& state);

}  // namespace quietgate
