// The mounts of this service, which nobody else on the machine sees.
#pragma once

#include <string>

namespace quietgate {

// Gives this process a mount namespace of its own, which its leaders and their steps share and keep alive: no mount of
// ours is left on the machine when they have ended, however they ended. What is mounted on the machine later arrives.
// A service that is started again while steps of an earlier one run joins theirs. `marker` is a folder that is made in
// the data directory and by which that is found. Call it before any thread is there. False: this process may not.
bool enter_own_mounts(const std::string& marker);

}  // namespace quietgate
