// The numbers that runs of a repository have had, and that the journal knows nothing of.
#pragma once

#include "runner/ports/git.h"

namespace quietgate {

class EarlierNumbers {
 public:
  virtual ~EarlierNumbers() = default;
  // Before the first run of a repository is numbered: sees to it that its number is above those. An error: they can't
  // be told now, and no run may be numbered. Costs nothing once it is known.
  virtual Task<Result<void>> learn(GitRemote remote, Stop& stop) = 0;
};

}  // namespace quietgate
