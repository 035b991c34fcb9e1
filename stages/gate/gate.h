// The gate: waits until the window and its quiet time are over, watching, and judges what the rules said.
#pragma once

#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/gate/watched_rules.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// The hull of the windows of the stages that the gate is about, with its quiet time; or an error (kind user) that names
// the stage that left no window.
Result<Window> gate_window(const GateSpec& spec, const std::map<std::string, StageOutcome>& finished);

class Gate {
 public:
  // All must outlive it. No deliveries: none ever came. No `committed`: the rule files are read for it alone.
  Gate(Http& http, Clock& clock, const WatchdogDeliveries* deliveries = nullptr, CommittedRules* committed = nullptr)
      : http_(http), clock_(clock), deliveries_(deliveries), committed_(committed) {}

  // Judges the request's commit over the window, on its Prometheus server. While it waits, the attempt's
  // progress holds the proofs as they stand (elapsed_ms, duration_ms, proofs: id, name, verdict, detail,
  // waived), some seconds old. Says in the request's log what it waits for and, at the end, every proof. An alert that
  // fires ends the waiting. `watched`: what is read meanwhile of the server; null: nobody else reads it. Never fails:
  // what can't be had is blind. Throws Stopped.
  Task<GateJudgement> judge(GateSpec spec, const StageRequest& request, WatchedRules* watched = nullptr);
  // The same over a window of its own, which may not be over yet.
  Task<GateJudgement> judge_over(GateSpec spec, Window window, const StageRequest& request,
                                 WatchedRules* watched = nullptr);

 private:
  Http& http_;
  Clock& clock_;
  const WatchdogDeliveries* deliveries_;
  CommittedRules* committed_;
};

}  // namespace quietgate
