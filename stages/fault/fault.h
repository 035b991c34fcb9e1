// The stage kind `fault`: a drill. Something is broken on purpose, and the named alerts must tell of it in time.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// None of the alerts may be active before; else `inconclusive`. The fault's command then runs until each alert has
// fired or `within` is over, is ended, and `undo` runs, also when the stage is cancelled or timed out. An alert that
// did not fire is `failed`, and so are an alert that no loaded rule makes, a command that fails by itself, an `undo`
// that fails, and alerts that go on for longer than `resolved_within`. Rules that could not be read in the meantime:
// `inconclusive`, unless everything was heard nevertheless. One check per alert, with its detection time, which also is
// a measurement
// (`fault.detection_s {alertname="..."}`).
class FaultStage final : public StageKind {
 public:
  // All must outlive it.
  FaultStage(StepExecutor& steps, Http& http, Clock& clock) : steps_(steps), http_(http), clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  struct Drill;
  Task<std::optional<StageOutcome>> begin(const StageRequest& request, Drill& drill);
  Task<void> listen(const StageRequest& request, Drill& drill);
  Task<void> look(const StageRequest& request, Drill& drill);
  Task<void> mend(const StageRequest& request, Drill& drill);
  Task<void> wait_for_end(const StageRequest& request, Drill& drill);

  StepExecutor& steps_;
  Http& http_;
  Clock& clock_;
};

}  // namespace quietgate
