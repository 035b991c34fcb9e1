// The command line as a whole: arguments in, exit code out.
#pragma once

#include <vector>

#include "runner/cli/invocation.h"
#include "runner/cli/verb.h"
#include "runner/cli/verbs.h"

namespace quietgate {

// Runs the verb in the arguments; returns the exit code. `arguments` begin with the program's name.
int run_cli(int count, const char* const* arguments, const CliParts& parts, std::vector<Verb> verbs = all_verbs());

}  // namespace quietgate
