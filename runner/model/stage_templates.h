// The templates of a stage: every text of it that may hold `${{ ... }}`.
#pragma once

#include <functional>
#include <string>

#include "runner/base/result.h"
#include "runner/model/expression.h"
#include "runner/model/plan.h"

namespace quietgate {

// Calls f on every (template) string of a stage, so that it can be replaced.
void each_template(StageSpec& stage, const std::function<void(std::string&)>& f);

// The stage with every template resolved to final text; `environment.NAME` is the stage's own resolved environment.
// Fails like resolve, and names the stage.
// The body of a stage that resolves the rest itself (its trait) alone stays a template, in which at most ports.* and
// apply.* are left: its stage kind calls resolve_rest once it knows them.
Result<StageSpec> resolve(StageSpec stage, const Lookup& lookup);
Result<StageBody> resolve_rest(StageBody body, const Lookup& lookup);

}  // namespace quietgate
