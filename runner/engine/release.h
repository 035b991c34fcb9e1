// Whether what a run promoted was deployed too: where branch and deployment disagree, a person must be told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/core/state.h"
#include "runner/ports/journal.h"

namespace quietgate {

// A run's state, with the rows that it was folded from.
struct FoldedRun {
  RunState state;
  std::vector<Row> rows;
};
// Fails when a row can't be read.
Result<FoldedRun> fold_run(Journal& journal, const RunId& run);

// What was promoted, and the stage that was to deploy it and never came to an end.
struct Undeployed {
  std::string branch;
  CommitId commit;
  bool can_go_back = false;  // the branch was somewhere before, and the run puts nothing back itself
  std::string stage;
  std::string why;
};
// Nothing: every kept environment that needs a promotion of this run is ready, was left out by its own `if`, or is put
// back because an alert fired after it. For runs in which nothing is under way any more; `rows` are the run's.
std::optional<Undeployed> undeployed(const RunState& run, const std::vector<Row>& rows);

// The reason of the run's end, with what a person has to do when branch and deployment disagree.
std::string with_undeployed(std::string reason, const RunState& run, const std::vector<Row>& rows);
// Likewise; but not when a newer run was asked for that puts back what this one promoted.
std::string reason_of_end(Journal& journal, Catalog& catalog, const std::string& reason, const RunState& run,
                          const std::vector<Row>& rows);

}  // namespace quietgate
