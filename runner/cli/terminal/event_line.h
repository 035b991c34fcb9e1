#pragma once

#include <string>

#include "runner/api/run_record.h"

namespace quietgate {

// A row of a run as one line for a file or a pipe, without a line break; empty for rows that are not shown. `record` is
// the run with the row already added. `asks_here`: questions are answered at this terminal.
std::string event_line(const Row& row, const RunRecord& record, bool asks_here);

}  // namespace quietgate
