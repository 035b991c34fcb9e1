// Builds the request for a stage kind: the plan's stage with resolved templates, facts about the run, secrets to mask,
// and the environment of its steps.
#pragma once

#include <map>
#include <string>

#include "runner/base/result.h"
#include "runner/engine/repository.h"
#include "runner/model/state.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Whether runs of this branch may promote and get secrets.
bool is_protected(const Repository& repository, const std::string& branch);

// The request for the stage's last attempt. The caller fills in folders, log, stops, journal and state. Errors: `user`,
// the branch may not promote, or a template can't be resolved.
Result<StageRequest> stage_request(const RunState& state, const Repository& repository, const std::string& stage,
                                   const std::map<std::string, std::string>& step_environment);

}  // namespace quietgate
