// What the journal says of one run, read whole.
#pragma once

#include <cstdint>
#include <optional>

#include "runner/model/state.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Folds what the journal holds of the run beyond the state's cursor. Fails when a row can't be read: the rows before it
// are folded.
// Nobody else may use the state meanwhile.
Task<Result<void>> read_on(Journal& journal, RunState& state);
// The run's state as its rows tell it, up to the row `until`, if given. Fails when a row can't be read.
Task<Result<RunState>> fold_run(Journal& journal, RunId run, std::optional<std::int64_t> until = std::nullopt);

// Whether a newer run was asked for that puts back what this one promoted. No, when that can't be told.
Task<bool> is_put_back(Journal& journal, Catalog& catalog, RunId run);

}  // namespace quietgate
