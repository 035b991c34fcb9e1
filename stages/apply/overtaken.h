// Whether the branch that a run promoted has moved since: an older commit must not be deployed over a newer one.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/git.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct Overtaken {
  std::string branch;
  CommitId promoted;             // the commit that this run promoted last
  CommitId now;                  // the current commit of the branch; empty: it is gone
  std::string sentence() const;  // `production was moved to 1a2b3c4 by this run and is at 5d6e7f8 now`
};

// Asks the remote. Nothing if the run has promoted nothing, or if the branch has not moved. Fails with kind
// infrastructure if the remote could not be asked. Throws Stopped.
Task<Result<std::optional<Overtaken>>> overtaken(Git& git, const StageRequest& request);

// The output of a stage that did not deploy for this reason: the current commit of the branch.
inline constexpr const char* overtaken_output = "overtaken_by";

}  // namespace quietgate
