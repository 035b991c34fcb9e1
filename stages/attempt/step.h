// Shared by stages that run commands: commands as steps, errors as outcomes, masking of secrets.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/command.h"
#include "runner/model/outcome.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// A step that runs a command with resolved templates below `root`: command, environment and tree. Fails with kind user
// if the command is empty, or if its directory does not exist or is outside the root.
Result<StepSpec> step_of(const Command& command, const std::string& root, StepName name, Environment environment);
// The same for this attempt, with its nonce, its log and its secrets.
Result<StepSpec> step_of(const Command& command, const StageRequest& request, const std::string& step);
// The environment that a stage works on: of those that its run has now the one that it needs, else the only one. Empty:
// none, or nobody can tell.
std::string environment_of(const StageRequest& request);
// The command as people write it, on one line and at most 200 bytes: `python3 -m pytest -q`.
std::string command_line(const Command& command);

// Kind infrastructure becomes `error`, any other kind `failed`.
StageOutcome outcome_of(const Error& error);
StageOutcome failed(std::string reason, std::string advice = {});

// Replaces every occurrence of a secret with `***`. Secrets shorter than 4 bytes would mask everything and are not
// masked.
std::string masked(std::string text, const std::vector<std::string>& secrets);

}  // namespace quietgate
