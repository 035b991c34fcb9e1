// What a stage kind is told of its attempt: the plan's stage with its templates resolved, what it may know of the run,
// the secrets to mask, and the environment of its steps.
#pragma once

#include <map>
#include <string>

#include "runner/base/result.h"
#include "runner/engine/repository.h"
#include "runner/model/state.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Whether the runs of this branch may promote and are given secrets.
bool is_protected(const Repository& repository, const std::string& branch);

// Of the stage's last attempt. Folders, log, stops, journal and state are the caller's to fill in. Errors: `user`,
// the branch may not promote, or a template can't be resolved.
Result<StageRequest> stage_request(const RunState& state, const Repository& repository, const std::string& stage,
                                   const std::map<std::string, std::string>& step_environment);

}  // namespace quietgate
