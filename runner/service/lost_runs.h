// Runs that the journal does not contain, because it was lost or replaced by an older backup.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/base/task.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// Keeps new run numbers above those of lost runs, which folders and published evidence show (run_numbers.h). Also for
// repositories that have folders but are not in `repositories`.
Result<void> number_above_lost_runs(const std::string& data, std::vector<std::string> repositories,
                                    JournalSqlite& journal);

// Records the environments of lost runs again, from the descriptors in `data`/environments: the reaper then destroys
// ephemeral ones, and people see kept ones. Logs each environment, and each unreadable descriptor. Also keeps new run
// numbers above those of all recorded environments.
Result<void> record_lost_environments(const std::string& data, JournalSqlite& journal, Time now,
                                      const std::function<void(const std::string& line)>& say);

// Lost runs that have a folder and a number above all in the journal. Call it before anything is appended, since the
// next run is numbered above them.
Result<std::vector<RunId>> lost_runs(const std::string& data, InlineCatalog& catalog);

// Whether the run's folder has the highest number of its repository. Such a folder is not removed: without the journal,
// only it may show which numbers were used.
Task<Result<bool>> keeps_number(std::string data, RunId run, Catalog& catalog);

// Folders of expired or lost runs, with numbers below the newest in the journal. Without folders of live environments
// (their records are needed to end them) and folders with a highest number.
Task<Result<std::vector<std::string>>> forgotten_folders(std::string data, Catalog& catalog);

// Ends running steps of lost runs, and logs each such run.
Task<void> end_lost_runs(std::string data, std::vector<RunId> lost, StepExecutor& steps,
                         std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
