#include "stages/environments/service_check.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "runner/base/files.h"
#include "runner/base/text.h"
#include "stages/environments/contract/environment.h"

namespace quietgate {

namespace {

constexpr std::size_t shown_lines = 10;
constexpr std::size_t read_at_end = 16UL * 1024;

void tell_last_lines(StageLog& log, const std::string& name, const std::string& file) {
  auto lines = last_lines(read_file_end(file, read_at_end), shown_lines);
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
    for (const auto& directory : environment->services) {
      auto status = processes_.status(directory);
      if (!status || !status->has_value()) continue;
      const auto name = std::filesystem::path(directory).filename().string();
      tell_last_lines(*log, name, directory + "/log");
      outcome.reason += "; service \"" + name + "\" of " + stage + " had ended: " + describe(**status);
      if ((*status)->how != ProcessExit::How::leader_died) continue;
      outcome.outcome = Outcome::error;
      outcome.lost_environment = stage;
      outcome.conclusive = false;  // what fired may have been the loss
    }
  }
  co_return outcome;
}

}  // namespace quietgate
