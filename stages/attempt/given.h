// Puts artifacts of other stages into a stage's tree before its steps begin.
#pragma once

#include "runner/ports/disk.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Puts StageRequest::given into the checkout, and then performs the stage; its outcome lists the artifacts. This
// happens once per attempt: a resumed attempt finds `given.json` in its directory, and leaves later changes of its
// steps alone. An artifact that can't be put in, or that differs from what was kept, ends the attempt before any step.
class GivenStage final : public StageKind {
 public:
  // Both must outlive it.
  GivenStage(StageKind& inner, Disk& disk) : inner_(inner), disk_(disk) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageKind& inner_;
  Disk& disk_;
};

// Logs `4 artifacts of build, 1024 bytes` for each source stage.
void tell_given(StageLog& log, const std::vector<GivenArtifacts>& given);

}  // namespace quietgate
