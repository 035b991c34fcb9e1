// Plans and outcomes as JSON: what the journal holds of them.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "runner/model/plan.h"

namespace quietgate {

// Canonical JSON of a plan (keys sorted, no white space): what the plan's hash is taken over when `hash` is empty.
std::string to_json(const Plan& plan);
// And back. Fails with kind infrastructure on what is no plan; unknown fields are ignored.
Result<Plan> plan_from_json(const std::string& text);
std::string to_json(const StageOutcome& outcome);

}  // namespace quietgate
