// L1: before a load begins, the runner raises a fault in its own metrics and lowers it again. The alert
// GateSyntheticFault of the commit's rules must hear both; the gate proves it (P10).
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/synthetic_faults.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// Around a stage kind in whose time a gate judges rules: where such a gate's rules have GateSyntheticFault and it has
// not waived P10, the fault is raised and lowered on the gate's server first. What does not fire or end in time (one
// scrape and two evaluations, with `for`, and some seconds more) is told in the log; the gate then is blind. An attempt
// that is taken up again goes on without.
class SyntheticFaultStage final : public StageKind {
 public:
  // All must outlive it. `committed`, if any: what was read of the rules need not be read again.
  SyntheticFaultStage(StageKind& inner, Http& http, Clock& clock, SyntheticFaults& faults,
                      CommittedRules* committed = nullptr)
      : inner_(inner), http_(http), clock_(clock), faults_(faults), committed_(committed) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Task<void> prove_way(const StageRequest& request, std::string url);

  StageKind& inner_;
  Http& http_;
  Clock& clock_;
  SyntheticFaults& faults_;
  CommittedRules* committed_;
};

}  // namespace quietgate
