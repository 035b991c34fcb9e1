#pragma once

#include "runner/api/run_record.h"
#include "runner/cli/exit_code.h"

namespace quietgate {

// The exit code of `run` and `show --follow`; 0 if the run has not ended.
ExitCode exit_code_of(const RunRecord& record);

}  // namespace quietgate
