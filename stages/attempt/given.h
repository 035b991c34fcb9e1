// A stage in whose tree other stages' artifacts stand before its steps begin.
#pragma once

#include "runner/ports/disk.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Puts StageRequest::given into the checkout, and then performs the stage; its outcome says what was put in. Once for
// an attempt: one that is taken up again finds in `given.json` of its directory that it was done, and leaves what its
// steps have changed since. What can't be put in, or is not what was kept, ends the attempt before any step.
class GivenStage final : public StageKind {
 public:
  // Both must outlive it.
  GivenStage(StageKind& inner, Disk& disk) : inner_(inner), disk_(disk) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageKind& inner_;
  Disk& disk_;
};

// `4 artifacts of build, 1024 bytes` for each stage that gave.
void tell_given(StageLog& log, const std::vector<GivenArtifacts>& given);

}  // namespace quietgate
