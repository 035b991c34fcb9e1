// Shared by stages that run commands: commands as processes, errors as outcomes, masking of secrets.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "runner/ports/process.h"

namespace quietgate {

// A step with this name (a path), which runs a command with resolved templates below `root`: argv, environment and
// working directory. Fails with kind user if the command is empty, or if its directory does not exist or is outside the
// root.
Result<ProcessSpec> process_of(const Command& command, const std::string& root, std::string name,
                               Environment environment);
// The file beside a step's record for a shell text with a shebang line.
std::string script_of(const std::string& step);
// The command as people write it, on one line and at most 200 bytes: `python3 -m pytest -q`.
std::string command_line(const Command& command);

// Kind infrastructure becomes `error`, any other kind `failed`.
StageOutcome outcome_of(const Error& error);
StageOutcome failed(std::string reason, std::string advice = {});

// Replaces every occurrence of a secret with `***`. Secrets shorter than 4 bytes would mask everything and are not
// masked.
std::string masked(std::string text, const std::vector<std::string>& secrets);

}  // namespace quietgate
