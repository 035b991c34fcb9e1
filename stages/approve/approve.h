// The stage kind `approve`: passes if a person approves, and is cancelled if a person refuses or nobody answers in
// time.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/stage.h"

namespace quietgate {

class ApproveStage final : public StageKind {
 public:
  explicit ApproveStage(Clock& clock) : clock_(clock) {}  // must outlive it
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Clock& clock_;
};

}  // namespace quietgate
