#include "stages/approve.h"

#include "stages/approval.h"

namespace quietgate {

Task<StageOutcome> ApproveStage::run(StageRequest request) {
  const auto& spec = std::get<ApproveSpec>(request.spec.body);
  StageOutcome outcome;
  auto decision = co_await await_decision(request, spec.message);
  if (!decision) {
    outcome.outcome = Outcome::error;
    outcome.reason = decision.error().message;
    outcome.advice = decision.error().advice;
    co_return outcome;
  }
  outcome.outcome = decision->granted ? Outcome::passed : Outcome::cancelled;
  outcome.reason = decision->sentence();
  co_return outcome;
}

}  // namespace quietgate
