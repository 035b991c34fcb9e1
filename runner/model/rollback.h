// Putting back what a run promoted: a run of its own, of the commit that was there before.
#pragma once

#include "runner/base/result.h"
#include "runner/model/state.h"

namespace quietgate {

// What asks for the rollback of what `run` promoted, as run number `number` of its repository: of the promotion that
// `stage` comes after, or with an empty `stage` of its only one. `by` is a person, or empty. An error (kind user):
// there is no such promotion or several, the run is a rollback itself, or the branch did not exist before.
Result<RunRequested> rollback_request(const RunState& run, std::int64_t number, std::string by, std::string reason,
                                      const std::string& stage = {});

// Of the commit's own plan, what a rollback does: the move of the branch, and the kept environments that are made after
// it; without gates, approvals, conditions and watches. The hash is empty. An error (kind user): the plan does not
// promote to that branch.
Result<Plan> rollback_plan(Plan plan, const Rollback& rollback);

}  // namespace quietgate
