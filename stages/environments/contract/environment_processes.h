// The processes of an environment: all that have its directory in their environment variables. This finds processes
// that neither a leader nor Terraform's state knows, such as a daemon whose provisioner was interrupted.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/ports/clock.h"

namespace quietgate {

// Every process of this machine that may be read and has QUIETGATE_ENVIRONMENT_DIRECTORY equal to `directory`.
std::vector<pid_t> environment_processes(const std::string& directory);

// Ends them: SIGTERM, `grace`, SIGKILL. An error names those that still live `grace` after that. Throws Stopped.
Task<Result<void>> end_environment_processes(std::string directory, Clock& clock, Milliseconds grace, Stop& stop);

}  // namespace quietgate
