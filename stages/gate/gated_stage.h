// A stage that judges by a gate of its own what the watch around it reads meanwhile.
#pragma once

#include "runner/ports/stage.h"
#include "stages/gate/watched_rules.h"

namespace quietgate {

class GatedStage {
 public:
  virtual ~GatedStage() = default;
  // As StageKind::run. `watched` outlives the task.
  virtual Task<StageOutcome> run_watched(StageRequest request, WatchedRules& watched) = 0;
};

}  // namespace quietgate
