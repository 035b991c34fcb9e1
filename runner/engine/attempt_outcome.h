// Outcomes of attempts that did not end by their stage.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/outcome.h"

namespace quietgate {

StageOutcome outcome_of_end(Outcome outcome, std::string reason, std::string advice = {});
// A timeout is a failure of the stage; any other stop is a cancel.
StageOutcome outcome_of_stop(const Stopped& stop);
// The outcome of a stage that could not begin.
StageOutcome outcome_of_error(const Error& error);

}  // namespace quietgate
