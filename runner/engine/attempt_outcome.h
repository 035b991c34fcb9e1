// Outcomes of attempts that their stage did not end itself.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/outcome.h"

namespace quietgate {

StageOutcome outcome_of_end(Outcome outcome, std::string reason, std::string advice = {});
// A timeout is the stage's failure, everything else a cancel.
StageOutcome outcome_of_stop(const Stopped& stop);
// Of a stage that could not begin.
StageOutcome outcome_of_error(const Error& error);

}  // namespace quietgate
