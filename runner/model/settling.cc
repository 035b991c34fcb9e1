#include "runner/model/settling.h"

#include <algorithm>

namespace quietgate {

namespace {

bool retry_wanted(const RetryPolicy& policy, const StageOutcome& outcome) {
  auto asked = [&](RetryWhen when) {
    return std::find(policy.when.begin(), policy.when.end(), when) != policy.when.end();
  };
  if (outcome.conclusive) return false;
  if (outcome.timed_out) return asked(RetryWhen::timeout);
  switch (outcome.outcome) {
    case Outcome::error:
      return asked(RetryWhen::infrastructure);
    case Outcome::failed:
      return asked(RetryWhen::failed);
    case Outcome::inconclusive:
      return asked(RetryWhen::inconclusive);
    default:
      return false;
  }
}

}  // namespace

Loss loss_of(const RunState& state, const StageState& s) {
  if (s.outcome.lost_environment.empty()) return Loss::none;
  const auto* maker = state.plan->find(s.outcome.lost_environment);
  if (maker == nullptr) return Loss::none;
  const auto& made = state.stages.at(maker->name);
  if (made.status == StageStatus::skipped) return Loss::final;
  if (made.status != StageStatus::finished) return Loss::waits;
  if (made.attempt == s.lost_attempt) {
    StageOutcome lost;
    lost.outcome = Outcome::error;
    return made.attempt < maker->retry.attempts && retry_wanted(maker->retry, lost) ? Loss::remake : Loss::final;
  }
  if (made.outcome.outcome == Outcome::passed) return Loss::none;
  return settled(state, *maker, made) ? Loss::final : Loss::waits;
}

bool settled(const RunState& state, const StageSpec& spec, const StageState& s) {
  if (s.status == StageStatus::skipped) return true;
  if (s.status != StageStatus::finished) return false;
  if (state.cancel) return true;
  return s.attempt >= spec.retry.attempts || !retry_wanted(spec.retry, s.outcome) || loss_of(state, s) == Loss::final;
}

bool deploys(const StageSpec& spec) {
  return traits_of(spec).keeps_environment;
}

bool opens(const StageSpec& spec, const StageState& s) {
  if (s.status == StageStatus::skipped) return s.skipped_by_condition;
  if (s.outcome.outcome == Outcome::passed) return true;
  return spec.continue_on_error && s.outcome.outcome != Outcome::cancelled;
}

}  // namespace quietgate
