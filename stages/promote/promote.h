// The stage kind `promote`: gate, approval, and the move of the production branch by compare-and-swap.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/http.h"
#include "runner/ports/sealer.h"
#include "runner/ports/stage.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/gate/gated_stage.h"
#include "stages/prometheus/rules_file.h"
#include "stages/promote/promote_spec.h"

namespace quietgate {

struct PromoteOptions {
  bool dry_run = false;                            // judges the gate, moves nothing and asks no person
  const Sealer* sealer = nullptr;                  // none: promotions leave no evidence
  const WatchdogDeliveries* deliveries = nullptr;  // none: gates get no deliveries of an Alertmanager
  CommittedRules* committed = nullptr;             // none: each gate reads the rule files itself
};

class PromoteStage final : public StageKind, public GatedStage {
 public:
  // All must outlive it.
  PromoteStage(Git& git, Http& http, Clock& clock, PromoteOptions options = {})
      : git_(git), http_(http), clock_(clock), options_(options) {}

  // Loud is `failed`, blind is `inconclusive`, a refusal by a person is `cancelled`; a branch that moved meanwhile or a
  // commit that does not descend from it is `failed`. Outputs: branch, from, commit. Events, each before the effect
  // that it announces, or directly after the effect that it records: GateJudged, ApprovalAwaited, PromotionIntended,
  // CommitPromoted, PromotionRefused, EvidenceSealed, EvidencePublished. After PromotionIntended, a cancel or a timeout
  // does not end the stage until the result of the push is known; only a shutdown does.
  Task<StageOutcome> run(StageRequest request) override;
  Task<StageOutcome> run_watched(StageRequest request, WatchedRules& watched) override;

 private:
  Task<StageOutcome> perform(StageRequest request, WatchedRules* watched);
  Task<StageOutcome> promote(const StageRequest& request, const PromoteSpec& spec, WatchedRules* watched);
  Task<StageOutcome> sealed(const StageRequest& request, const PromoteSpec& spec, StageOutcome outcome);

  Git& git_;
  Http& http_;
  Clock& clock_;
  PromoteOptions options_;
};

}  // namespace quietgate
