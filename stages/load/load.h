// The `load` stage: real Locust (or k6, or a command) under a leader; its rows followed while it runs; thresholds,
// autoscaling and a baseline judged when it is over.
//
// The attempt's directory gets: `quietgate_listener.py` and `locust.ndjson` (the rows; of several loads
// `locust-2.ndjson` and so on; of another source `load.ndjson`), `progress.json` (replaced every second: elapsed_ms,
// duration_ms, users, requests_per_second, p95_ms or null, failures, and with several loads load and loads; for live
// displays), `measurements.ndjson` (measurements.h; grows while the load runs and is replaced by the whole at its end),
// and `artifacts/load.svg`, a chart of it.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/journal.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// A locustfile that can't be used, or that ends the load early, is `failed`; Locust missing, killed or broken, or one
// of its workers lost, missing or too many, is `error`; requests that are never answered are failures; no requests,
// none for seconds, a schedule that was not kept, too few requests for what is asked, or a replica series with holes,
// is `inconclusive`. `window` is the span from the first load to the last, on the metrics server's clock where
// `autoscaling` names one. An alarm (StageRequest) ends the load: `failed`, with what was measured until then, and
// without autoscaling checks; `alarm` in the attempt's directory says so to a later runner, and the outcome is
// conclusive. A resumed attempt goes on with the load that its leader kept.
class LoadStage : public StageKind {
 public:
  // `metrics` may be null: nobody counts. All must outlive it.
  LoadStage(StepExecutor& steps, Http& http, Clock& clock, LoadMetrics* metrics = nullptr)
      : steps_(steps), http_(http), clock_(clock), metrics_(metrics) {}
  // Where the loads of promoted commits are found, from now on; without it none is known. It must outlive the stage.
  void compare_with(Catalog& catalog) { catalog_ = &catalog; }
  Task<StageOutcome> run(StageRequest request) override;

 private:
  class Attempt;
  StepExecutor& steps_;
  Http& http_;
  Clock& clock_;
  LoadMetrics* metrics_;
  Catalog* catalog_ = nullptr;
};

}  // namespace quietgate
