// Runs a source of load, as a process of its own, to its end.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/ports/clock.h"
#include "runner/ports/step_executor.h"
#include "stages/load/load_judgement.h"

namespace quietgate {

// Asked about four times a second while the process runs, and may wait. An answer says why the process must end now.
using Follow = std::function<Task<std::optional<std::string>>()>;

// Starts the process, or follows on with one of its name that runs already, and answers how it ended. An end that was
// there before `follow` asked for one counts as the process's own. An error of kind infrastructure is ours. Throws
// Stopped only once the process has been dealt with as StepExecutor::run promises.
Task<Result<LoadEnd>> run_load_process(StepExecutor& steps, Clock& clock, StepSpec spec, Stop& stop, Follow follow);

}  // namespace quietgate
