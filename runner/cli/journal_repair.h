#pragma once

#include "runner/cli/invocation.h"

namespace quietgate {

// `quietgate doctor --repair`: mends the journal of the data directory and prints what was kept and lost. Answers the
// exit code: 4 while a service uses the directory.
int repair_data(const Invocation& call);

}  // namespace quietgate
