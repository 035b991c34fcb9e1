// The repository around a folder of this machine: for `quietgate run`, which runs what is checked out there.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

struct GitHead {
  std::string path;    // of the repository: its working tree, or itself when it is bare; absolute
  std::string branch;  // checked out
  CommitId commit;
  bool modified = false;  // tracked files differ from the commit: a run doesn't see that
};

// The repository around the folder, as GitHead::path. Fails with kind user: there is none. Blocks; local files only.
Result<std::string> repository_around(const std::string& directory);

// The branch that HEAD names there, also one without a commit; empty: HEAD is on no branch.
Result<std::string> checked_out_branch(const std::string& directory);

// Fails with kind user: no repository here, no commit yet, HEAD on no branch. Blocks; local files only.
Result<GitHead> git_head(const std::string& directory);

}  // namespace quietgate
