// An executor of steps that does nothing but run them: the rest is not in its world.
#pragma once

#include "runner/ports/step_executor.h"

namespace quietgate {

class OnlyRuns : public StepExecutor {
 public:
  Task<Result<void>> start(StepSpec, Stop&) override { co_return infrastructure_error("not in this world"); }
  Result<std::optional<StepExit>> status(const StepName&) override { return infrastructure_error("none"); }
  Task<Result<void>> end(StepName, Stop&) override { co_return infrastructure_error("not in this world"); }
  Result<std::vector<StepName>> steps(const StepOwner&) override { return std::vector<StepName>(); }
  void forget(const StepName&) override {}
  std::string read(const StepText&, std::int64_t, std::size_t) override { return {}; }
};

}  // namespace quietgate
