// The private mounts of the service.
#pragma once

#include <string>

namespace quietgate {

// Gives this process its own mount namespace, which its leaders and their steps share and keep alive. No mount stays on
// the machine after they have ended, however they ended. Later mounts of the machine become visible in it. A service
// that restarts while steps of an earlier service run joins their namespace, which it finds by `marker`, a folder in
// the data directory. Call it before any thread starts. False: this process may not mount.
bool enter_own_mounts(const std::string& marker);

}  // namespace quietgate
