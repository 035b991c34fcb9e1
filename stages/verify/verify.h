// The `verify` stage: PromQL checks over the window of a load.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Waits until the server's clock is past the window, then judges each check. Leaves every sample in the attempt's
// measurements. Nothing outlives it: a resumed attempt starts again.
class VerifyStage : public StageKind {
 public:
  VerifyStage(Http& http, Clock& clock) : http_(http), clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Http& http_;
  Clock& clock_;
};

}  // namespace quietgate
