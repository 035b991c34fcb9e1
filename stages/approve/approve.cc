#include "stages/approve/approve.h"

#include "stages/approve/approve_spec.h"
#include "stages/attempt/approval.h"

namespace quietgate {

Task<StageOutcome> ApproveStage::run(StageRequest request) {
  const auto spec = spec_of<ApproveSpec>(request.spec.body);
  StageOutcome outcome;
  Question question{spec.message, spec.expires};
  auto decision = co_await await_decision(request, clock_, std::move(question));
  if (!decision) {
    outcome.outcome = Outcome::error;
    outcome.reason = decision.error().message;
    outcome.advice = decision.error().advice;
    co_return outcome;
  }
  outcome.outcome = decision->granted ? Outcome::passed : Outcome::cancelled;
  outcome.reason = decision->sentence();
  if (decision->expired)
    outcome.advice = "retry the run to ask again: quietgate retry " + to_string(request.run) +
                     "; a longer `expires` in the stage gives people more time";
  co_return outcome;
}

}  // namespace quietgate
