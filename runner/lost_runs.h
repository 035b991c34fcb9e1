// Runs that the journal knows nothing of, though they were: an older backup was put in its place, or it was lost.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/adapters/journal_sqlite.h"
#include "runner/ports/stage.h"
#include "runner/ports/task.h"

namespace quietgate {

// The numbers that such runs had are not given again: folders and published evidence tell them (run_numbers.h). Also of
// repositories that are not in `repositories`, but have folders.
Result<void> number_above_lost_runs(const std::string& data, std::vector<std::string> repositories,
                                    JournalSqlite& journal);

// Nobody waits for their steps any more: those that still run are ended, and each such run is named.
Task<void> end_lost_runs(std::string data, Catalog& catalog, StepEnder& steps,
                         std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
