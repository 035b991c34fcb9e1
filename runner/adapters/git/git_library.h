// libgit2, begun when it is first used.
#pragma once

#include <string>

namespace quietgate {

// Once for the process's life, from any thread; later calls do nothing. `folder`: one without certificates in it.
void begin_git(const std::string& folder);

}  // namespace quietgate
