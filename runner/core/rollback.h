// Putting back what a run promoted: a run of its own, of the commit that was there before.
#pragma once

#include "runner/core/result.h"
#include "runner/core/state.h"

namespace quietgate {

// What asks for the rollback of what `run` promoted last, as run number `number` of its repository. `by` is a person,
// or empty. An error (kind user): it promoted nothing, is a rollback itself, or the branch did not exist before.
Result<RunRequested> rollback_request(const RunState& run, std::int64_t number, std::string by, std::string reason);

// Of the commit's own plan, what a rollback does: the move of the branch, and the kept environments that are made after
// it; without gates, approvals, conditions and watches. The hash is empty. An error (kind user): the plan does not
// promote to that branch.
Result<Plan> rollback_plan(Plan plan, const Rollback& rollback);

}  // namespace quietgate
