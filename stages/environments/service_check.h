// Why a stage failed against an environment: because a service of it had ended.
#pragma once

#include "runner/ports/process.h"
#include "runner/ports/stage.h"

namespace quietgate {

// A stage kind whose failed attempts name the services of the run's environments that had ended by then, and show what
// these printed last. When a service's leader died, the attempt's outcome is `error` with `lost_environment`: what
// failed was not the commit.
class ServiceCheckedStage final : public StageKind {
 public:
  // Both must outlive it.
  ServiceCheckedStage(StageKind& inner, Processes& processes) : inner_(inner), processes_(processes) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageKind& inner_;
  Processes& processes_;
};

}  // namespace quietgate
