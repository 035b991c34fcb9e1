// How steps of this machine are kept from all that isn't theirs: each runs in a sandbox that another program makes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// What the leader of a step is told of its sandbox.
struct ConfinedStep {
  std::vector<std::string> argv;  // the program that makes the sandbox, up to its `--`
  std::string filter;             // of system calls: a program as the kernel takes it
  std::uint64_t user = 0;         // which the step becomes, and its group; 0: as the runner
  std::uint64_t group = 0;
  std::optional<StepName> joins;  // a step that lives: its sandbox's process ids are seen; none: it has its own
  bool holds = false;             // nothing is executed: its process ids are kept for others
};

class StepConfinement {
 public:
  virtual ~StepConfinement() = default;
  // Prepares what the step may write, and sets what is other inside: in its environment, and its tree where it has
  // none. Errors are infrastructure.
  virtual Task<Result<ConfinedStep>> confine(StepSpec& spec, Stop& stop) = 0;
  // The step that keeps the process ids of this environment's steps, for one that is to join them. It is started when
  // it is not there, under a name that was never used, and ended with the environment. Nothing: the step joins none.
  virtual std::optional<StepSpec> holder(const StepSpec& spec) = 0;
};

}  // namespace quietgate
