#pragma once

#include "runner/api/run_record.h"
#include "runner/cli/exit_code.h"

namespace quietgate {

// What `run` and `show --follow` answer. A run that has not ended: 0.
ExitCode exit_code_of(const RunRecord& record);

}  // namespace quietgate
