// Watches a release, with the same proofs as a gate.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/apply/apply_spec.h"

namespace quietgate {

class ReleaseWatch {
 public:
  // The references, and the object of `deliveries` if there is one, must outlive it.
  ReleaseWatch(Http& http, Clock& clock, const WatchdogDeliveries* deliveries)
      : http_(http), clock_(clock), deliveries_(deliveries) {}

  // Judges the rules from now on for the watch's duration, and reads them all the time (rule_watch.h). Quiet: `ready`,
  // with a further sentence. Loud: `failed`, not retried, and a rollback if the watch says so. If every alert that
  // fired was active before the attempt began, the release is not the cause: `inconclusive`, without a rollback. Blind,
  // also if an Alertmanager would have muted an alert: `inconclusive`. Appends GateJudged. Throws Stopped.
  Task<StageOutcome> watch(StageRequest request, WatchSpec spec, StageOutcome ready);

 private:
  Http& http_;
  Clock& clock_;
  const WatchdogDeliveries* deliveries_;
};

}  // namespace quietgate
