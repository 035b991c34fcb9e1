#include "stages/environments/service_check.h"

#include <utility>
#include <vector>

#include "runner/base/files.h"
#include "runner/base/text.h"
#include "stages/environments/contract/environment.h"

namespace quietgate {

namespace {

constexpr std::size_t shown_lines = 10;
constexpr std::size_t read_at_end = 16UL * 1024;

void tell_last_lines(StageLog& log, const std::string& name, const std::string& printed) {
  auto lines = last_lines(printed, shown_lines);
  log.line("service \"" + name + "\" had ended" + (lines.empty() ? ", it printed nothing" : ", its last lines:"));
  for (const auto& line : lines) log.line("  " + line);
}

}  // namespace

Task<StageOutcome> ServiceCheckedStage::run(StageRequest request) {
  const auto environments = request.environments;
  const auto* run = request.run_state;
  auto* log = request.log;
  auto outcome = co_await inner_.run(std::move(request));
  if (outcome.outcome != Outcome::failed && outcome.outcome != Outcome::error) co_return outcome;
  for (const auto& [stage, state] : run->stages) {
    if (!state.environment || state.environment->gone) continue;
    auto environment = load_environment(EnvironmentFolder{environments + "/" + state.environment->planned.environment});
    if (!environment) continue;  // destroyed meanwhile, or not begun: not this stage's to tell
    for (const auto& service : environment->services) {
      auto status = steps_.status(service);
      if (!status || !status->has_value()) continue;
      const auto& name = service.step;
      tell_last_lines(*log, name, read_end(steps_, log_of(service), read_at_end));
      outcome.reason += "; service \"" + name + "\" of " + stage + " had ended: " + describe(**status);
      if ((*status)->how != StepExit::How::leader_died) continue;
      outcome.outcome = Outcome::error;
      outcome.lost_environment = stage;
      outcome.conclusive = false;  // what fired may have been the loss
    }
  }
  co_return outcome;
}

}  // namespace quietgate
