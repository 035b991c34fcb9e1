// The `load` stage: real Locust, headless, under a leader; its rows followed while it runs; thresholds and autoscaling
// judged when it is over.
//
// The attempt's directory gets: `quietgate_listener.py` and `locust.ndjson` (the rows), `progress.json` (replaced every
// second: elapsed_ms, duration_ms, users, requests_per_second, p95_ms or null, failures; for live displays), and
// `measurements.ndjson` (measurements.h; grows while the load runs and is replaced by the whole at its end).
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/load_counters.h"
#include "runner/ports/process.h"
#include "runner/ports/stage.h"

namespace quietgate {

// A locustfile that can't be used, or that ends the load early, is `failed`; Locust missing, killed or broken is
// `error`; no requests, or a replica series with holes, is `inconclusive`. `window` is the load's span, on the metrics
// server's clock where `autoscaling` names one. An alarm (StageRequest) ends the load: `failed`, with what was measured
// until then, and without autoscaling checks; `alarm` in the attempt's directory says so to a later runner, and the
// outcome is conclusive. A resumed attempt goes on with the Locust that its leader kept.
class LoadStage : public StageKind {
 public:
  // `counters` may be null: nobody counts. All must outlive it.
  LoadStage(Processes& processes, Http& http, Clock& clock, LoadCounters* counters = nullptr)
      : processes_(processes), http_(http), clock_(clock), counters_(counters) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Processes& processes_;
  Http& http_;
  Clock& clock_;
  LoadCounters* counters_;
};

}  // namespace quietgate
