// Runs that the journal knows nothing of, though they were: an older backup was put in its place, or it was lost.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/base/task.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// The numbers that such runs had are not given again: folders and published evidence tell them (run_numbers.h). Also of
// repositories that are not in `repositories`, but have folders.
Result<void> number_above_lost_runs(const std::string& data, std::vector<std::string> repositories,
                                    JournalSqlite& journal);

// Their environments, by the descriptors in `data`/environments, are put on record again: the reaper destroys the
// ephemeral ones, people see the kept ones. Each is told, and so is a descriptor that can't be read. The numbers of the
// runs of all that are on record are not given again.
Result<void> record_lost_environments(const std::string& data, JournalSqlite& journal, Time now,
                                      const std::function<void(const std::string& line)>& say);

// Those with a folder and a number above all that the journal knows: to be asked before anything is appended, since the
// next run is numbered above them.
Result<std::vector<RunId>> lost_runs(const std::string& data, InlineCatalog& catalog);

// Whether the run's folder has the highest number of its repository's: then it is not removed, since without the
// journal it may be all that tells which numbers were used.
Task<Result<bool>> keeps_number(std::string data, RunId run, Catalog& catalog);

// Folders of runs that the journal knew once, or that were lost, with numbers below its newest. Not those of live
// environments (what their steps keep there is needed to end them), nor one that keeps its number.
Task<Result<std::vector<std::string>>> forgotten_folders(std::string data, Catalog& catalog);

// Nobody waits for their steps any more: those that still run are ended, and each such run is named.
Task<void> end_lost_runs(std::string data, std::vector<RunId> lost, StepExecutor& steps,
                         std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
