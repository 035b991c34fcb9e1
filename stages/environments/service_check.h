// Why a stage failed against an environment: because a service of it had ended.
#pragma once

#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// A stage kind whose failed attempts name the services of the run's environments that had ended by then, and show what
// these printed last. When a service's leader died, the attempt's outcome is `error` with `lost_environment`: what
// failed was not the commit.
class ServiceCheckedStage final : public StageKind {
 public:
  // Both must outlive it.
  ServiceCheckedStage(StageKind& inner, StepExecutor& steps) : inner_(inner), steps_(steps) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageKind& inner_;
  StepExecutor& steps_;
};

}  // namespace quietgate
