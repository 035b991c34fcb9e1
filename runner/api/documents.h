// The JSON that the API answers. Times are ISO 8601 in UTC or null; durations are milliseconds; names are snake_case.
// openapi.json documents it, and a test compares the two.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/api/run_record.h"
#include "runner/ports/journal.h"
#include "runner/ports/queue.h"

namespace quietgate {

// A watched repository, as shown to people.
struct WatchedRepository {
  std::string name;
  std::string url;  // without credentials
  std::string pipeline;
};

struct RepositoryState {
  WatchedRepository repository;
  bool watched = false;
  std::map<std::string, CommitId> branches;
  std::optional<RunSummary> last_run;
};

// JSON text of an attempt's live progress, or empty.
using LiveProgress = std::function<std::string(const std::string& stage, int attempt)>;

std::string repositories_document(const std::vector<RepositoryState>& repositories);
// `next_before` is the cursor of the next page, or null on the last one (fewer runs than `limit`). `rollbacks`: the
// runs that are rollbacks. If a run waits for several things, the first is shown.
std::string runs_document(const std::vector<RunSummary>& runs, const std::map<RunId, Rollback>& rollbacks,
                          const std::vector<Waiting>& waiting, std::size_t limit);
// `waiting`: of this run.
std::string run_document(const RunRecord& record, const std::vector<Waiting>& waiting, const LiveProgress& progress);
std::string queue_document(const std::vector<Waiting>& waiting);
std::string environments_document(const std::vector<EnvironmentSummary>& environments);
// {"sequence","at","type","event"}: one line.
std::string row_document(const Row& row);
std::string rows_document(const std::vector<Row>& rows, bool more);
std::string accepted_document(std::int64_t sequence);
std::string requested_document(const RunId& run);

}  // namespace quietgate
