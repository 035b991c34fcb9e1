// What stages that run commands share: a command as a step, an error as an outcome, a secret as `***`.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/command.h"
#include "runner/model/outcome.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// A step that runs a command whose templates are resolved, below `root`: what is run, its environment and its tree.
// Fails with kind user when it is empty or its directory is absent or outside the root.
Result<StepSpec> step_of(const Command& command, const std::string& root, StepName name, Environment environment);
// Likewise, of this attempt: with its nonce, its log and its secrets.
Result<StepSpec> step_of(const Command& command, const StageRequest& request, const std::string& step);
// The environment that a stage works on: of those that its run has now the one that it needs, else the only one. Empty:
// none, or nobody can tell.
std::string environment_of(const StageRequest& request);
// The command as people write it, on one line and at most 200 bytes: `python3 -m pytest -q`.
std::string command_line(const Command& command);

// Kind infrastructure becomes `error`, the others `failed`.
StageOutcome outcome_of(const Error& error);
StageOutcome failed(std::string reason, std::string advice = {});

// Every occurrence of a secret replaced by `***`; secrets shorter than 4 bytes would mask everything and are left.
std::string masked(std::string text, const std::vector<std::string>& secrets);

}  // namespace quietgate
