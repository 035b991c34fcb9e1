// Explains failures of a stage by services of its environment that had ended.
#pragma once

#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// Wraps a stage kind: its failed attempts name the services of the run's environments that had ended, with their last
// lines. If a service's leader died, the outcome is `error` with `lost_environment`, because the commit is not at
// fault.
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
