// Whether the branch that a run promoted has gone on since: an older commit must not be deployed over a newer one.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/git.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct Overtaken {
  std::string branch;
  CommitId promoted;             // by this run, last
  CommitId now;                  // where the branch is; empty: it is gone
  std::string sentence() const;  // `production was moved to 1a2b3c4 by this run and is at 5d6e7f8 now`
};

// Asks the remote. Nothing: the run has promoted nothing, or the branch is where it was put. An error is
// infrastructure: the remote could not be asked. Throws Stopped.
Task<Result<std::optional<Overtaken>>> overtaken(Git& git, const StageRequest& request);

// The output of a stage that did not deploy because of it: where the branch is.
inline constexpr const char* overtaken_output = "overtaken_by";

}  // namespace quietgate
