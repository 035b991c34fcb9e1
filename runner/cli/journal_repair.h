#pragma once

#include "runner/cli/invocation.h"

namespace quietgate {

// `quietgate doctor --repair`: repairs the journal of the data directory, and prints the kept and the lost rows.
// Returns the exit code: 4 while a service uses the directory.
int repair_data(const Invocation& call);

}  // namespace quietgate
