#include "runner/engine/attempt_outcome.h"

#include <utility>

namespace quietgate {

StageOutcome outcome_of_end(Outcome outcome, std::string reason, std::string advice) {
  StageOutcome ended;
  ended.outcome = outcome;
  ended.reason = std::move(reason);
  ended.advice = std::move(advice);
  return ended;
}

StageOutcome outcome_of_stop(const Stopped& stop) {
  if (stop.reason != StopReason::timeout) return outcome_of_end(Outcome::cancelled, stop.cause);
  auto outcome = outcome_of_end(Outcome::failed, stop.cause, "raise the stage's `timeout`, or make it faster");
  outcome.timed_out = true;
  return outcome;
}

StageOutcome outcome_of_error(const Error& error) {
  const bool ours = error.kind == ErrorKind::infrastructure;
  return outcome_of_end(ours ? Outcome::error : Outcome::failed, error.message, error.advice);
}

}  // namespace quietgate
