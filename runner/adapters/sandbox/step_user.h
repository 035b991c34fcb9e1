// Who a step is. A runner that isn't root has no other user than itself; one that is root has steps run as another.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

struct StepUser {
  uid_t user = 0;  // 0: the runner's own
  gid_t group = 0;
  std::string name;
};

// Of a runner that is root: the user of that name; without a name `quietgate-step`, where the machine has one, else a
// number that no package and no service manager gives to anybody. Errors are the user's: there is no such user, or it
// is root.
Result<StepUser> step_user(const std::string& name);

// What the sandbox shows as /etc/passwd and /etc/group, where the machine's own don't know the user: written into this
// folder, as pairs of what is shown and where it is shown. None when they know it.
Result<std::vector<std::pair<std::string, std::string>>> known_users(const StepUser& user, const std::string& folder);

// Gives all below the path, and at last itself, to the user, when it isn't the user's yet. Links are not followed.
Result<void> give_to(const StepUser& user, const std::string& path);
// Gives what stands in the folder, and nothing below that.
Result<void> give_entries(const StepUser& user, const std::string& folder);

}  // namespace quietgate
