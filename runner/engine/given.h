// The artifacts that a stage receives, by the names in its `from`.
#pragma once

#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/state.h"
#include "runner/ports/journal.h"
#include "runner/ports/stage.h"
#include "runner/ports/workspace.h"

namespace quietgate {

// The sources of the look-up.
struct GivenFrom {
  Workspace& workspace;
  Journal& journal;
  Catalog& catalog;
};

// The artifacts of the last attempts of the stages in `from`. A rollback builds nothing: it receives the artifacts of
// the run that promoted its commit earlier. Errors: `user`, a stage has not passed or kept nothing; `infrastructure`,
// the earlier run is no longer in the journal, or the journal can't be read. `state` and `stage` outlive the call; the
// state may go on meanwhile.
Task<Result<std::vector<GivenArtifacts>>> given_to(const RunState& state, const StageSpec& stage, GivenFrom from);

}  // namespace quietgate
