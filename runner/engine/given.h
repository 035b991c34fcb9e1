// What a stage is given of others, by the names in its `from`.
#pragma once

#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/state.h"
#include "runner/ports/journal.h"
#include "runner/ports/stage.h"
#include "runner/ports/workspace.h"

namespace quietgate {

// Where it is looked up.
struct GivenFrom {
  Workspace& workspace;
  Journal& journal;
  Catalog& catalog;
};

// What the stages of its `from` kept, each at its last attempt. A rollback builds nothing: it is given what the run
// kept that promoted its commit before. Errors: `user`, a stage has not passed, or kept nothing; `infrastructure`, the
// run that promoted the commit is not on record any more, or the record can't be read.
// `state` and `stage` outlive the call; the state may go on meanwhile.
Task<Result<std::vector<GivenArtifacts>>> given_to(const RunState& state, const StageSpec& stage, GivenFrom from);

}  // namespace quietgate
