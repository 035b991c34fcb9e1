// The stage kind `approve`: passes when a person approves, is cancelled when one refuses.
#pragma once

#include "runner/ports/stage.h"

namespace quietgate {

class ApproveStage final : public StageKind {
 public:
  Task<StageOutcome> run(StageRequest request) override;
};

}  // namespace quietgate
