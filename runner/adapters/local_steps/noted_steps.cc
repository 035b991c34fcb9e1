#include "runner/adapters/local_steps/noted_steps.h"

#include <optional>

#include "runner/ports/data_layout.h"

namespace quietgate {

Task<Result<StepExit>> NotedSteps::run(StepSpec spec, Stop& stop) {
  std::optional<AttemptId> attempt;
  if (const auto* owner = std::get_if<AttemptOwner>(&spec.name.owner)) attempt = owner->attempt;
  const auto name = attempt ? attempt_folder(attempt->stage, attempt->attempt) : std::string();
  if (attempt) notes_.end(attempt->run, name);
  auto exit = co_await real_.run(std::move(spec), stop);
  if (attempt) notes_.begin(attempt->run, name);
  co_return exit;
}

}  // namespace quietgate
