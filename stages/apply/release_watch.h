// After the release: the gate once more, on what was released.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/apply/apply_spec.h"

namespace quietgate {

class ReleaseWatch {
 public:
  // Both references must outlive it, and what `deliveries` points to, if anything.
  ReleaseWatch(Http& http, Clock& clock, const WatchdogDeliveries* deliveries)
      : http_(http), clock_(clock), deliveries_(deliveries) {}

  // Judges the rules from now on for the watch's duration, reading them all the time (rule_watch.h). Quiet: `ready`
  // with a sentence more. Loud: `failed`, never tried again, and the run's promotion is to be put back if the watch
  // says so; unless every alert that fired was active before the attempt began, which is not the release's doing:
  // `inconclusive`, and nothing is put back. Blind, which here also is what an Alertmanager would have muted:
  // `inconclusive`. GateJudged is written. Throws Stopped.
  Task<StageOutcome> watch(StageRequest request, WatchSpec spec, StageOutcome ready);

 private:
  Http& http_;
  Clock& clock_;
  const WatchdogDeliveries* deliveries_;
};

}  // namespace quietgate
