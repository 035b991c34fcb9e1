// Fetches from a remote that a server answers for.
#pragma once

#include <string>
#include <vector>

#include "runner/adapters/git/git_connection.h"

namespace quietgate {

// Brings what the refspecs name (`+refs/heads/main:refs/quietgate/heads/main`), without tags, into the mirror to which
// the connection was made.
Result<void> fetch_refspecs(GitConnection& connection, std::vector<std::string> refspecs);

}  // namespace quietgate
