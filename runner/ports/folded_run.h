// What the journal says of one run, read whole.
#pragma once

#include <vector>

#include "runner/model/state.h"
#include "runner/ports/journal.h"

namespace quietgate {

// A run's state, with the rows that it was folded from.
struct FoldedRun {
  RunState state;
  std::vector<Row> rows;
};
// Fails when a row can't be read.
Result<FoldedRun> fold_run(Journal& journal, const RunId& run);

// Whether a newer run was asked for that puts back what this one promoted. No, when that can't be told.
bool is_put_back(Journal& journal, Catalog& catalog, const RunId& run);

}  // namespace quietgate
