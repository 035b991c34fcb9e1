// Git notes as the remote has them.
#pragma once

#include <string>

#include "runner/ports/git.h"

namespace quietgate {

class RemoteNotes {
 public:
  virtual ~RemoteNotes() = default;
  // Brings the remote's notes `ref` (`refs/notes/...`), where there are any, into the mirror (made on first use).
  virtual Task<Result<void>> fetch_notes(GitRemote remote, std::string ref, Stop& stop) = 0;
};

}  // namespace quietgate
