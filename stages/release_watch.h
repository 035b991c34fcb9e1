// After the release: the gate once more, on what was released.
#pragma once

#include "runner/core/plan.h"
#include "runner/ports/clock.h"
#include "runner/ports/stage.h"
#include "stages/metrics/gate.h"

namespace quietgate {

// Judges the rules from now on for the watch's duration. Quiet: `ready` with a sentence more. Loud: `failed`, never
// tried again, and the run's promotion is to be put back if the watch says so. Blind, which here also is what an
// Alertmanager would have muted: `inconclusive`; nothing is put back. GateJudged is written. Throws Stopped.
Task<StageOutcome> watch_release(Gate gate, Clock& clock, const StageRequest& request, WatchSpec spec,
                                 StageOutcome ready);

}  // namespace quietgate
