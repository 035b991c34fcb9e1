// libgit2 and libssh2 below it, begun when they are first used.
#pragma once

#include <string>

namespace quietgate {

// Once for the process's life, from any thread; later calls do nothing. `folder`: one without certificates in it.
void begin_git(const std::string& folder);
// Likewise, after begin_git(), before a connection by ssh: only those need OpenSSL, which holds more memory than all
// else of a repository that is polled.
void begin_ssh();

}  // namespace quietgate
