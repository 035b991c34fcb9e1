// What lives in an environment, whoever started it: also what neither an executor of steps nor a provisioner knows of,
// such as a daemon whose provisioner was interrupted.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

class Residents {
 public:
  virtual ~Residents() = default;
  // Ends all that carries this folder as QUIETGATE_ENVIRONMENT_DIRECTORY: SIGTERM, `grace`, SIGKILL. An error of kind
  // infrastructure names what still lives `grace` after that. Throws Stopped.
  virtual Task<Result<void>> end(std::string directory, Milliseconds grace, Stop& stop) = 0;
};

}  // namespace quietgate
