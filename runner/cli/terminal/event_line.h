#pragma once

#include <string>

#include "runner/api/run_record.h"

namespace quietgate {

// A row of a run as one line for a file or a pipe, without its line break; empty when people need not be told. `record`
// is the run with the row already added. `asks_here`: questions are answered at this terminal.
std::string event_line(const Row& row, const RunRecord& record, bool asks_here);

}  // namespace quietgate
