// What stages that run commands share: a command as a process, an error as an outcome, a secret as `***`.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/command.h"
#include "runner/model/outcome.h"
#include "runner/ports/process.h"

namespace quietgate {

// A step of this name (a path) that runs a command whose templates are resolved, below `root`: argv, environment and
// working directory. Fails with kind user when it is empty or its directory is absent or outside the root.
Result<ProcessSpec> process_of(const Command& command, const std::string& root, std::string name,
                               Environment environment);
// The file beside a step's record in which a shell text stands whose first line names its program.
std::string script_of(const std::string& step);
// The command as people write it, on one line and at most 200 bytes: `python3 -m pytest -q`.
std::string command_line(const Command& command);

// Kind infrastructure becomes `error`, the others `failed`.
StageOutcome outcome_of(const Error& error);
StageOutcome failed(std::string reason, std::string advice = {});

// Every occurrence of a secret replaced by `***`; secrets shorter than 4 bytes would mask everything and are left.
std::string masked(std::string text, const std::vector<std::string>& secrets);

}  // namespace quietgate
