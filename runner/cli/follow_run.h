// A run of the service, shown on the terminal until it ends.
#pragma once

#include <string>

#include "runner/cli/service_access.h"

namespace quietgate {

// Draws the run until it ends, then prints its report. Returns the run's exit code.
ExitCode follow_run(ServiceAccess& service, const std::string& run);

// Posts a request that creates a run. Prints the run's name, or follows the run; returns the exit code.
ExitCode request_run(ServiceAccess& service, const std::string& path, const std::string& body, bool follow);

}  // namespace quietgate
