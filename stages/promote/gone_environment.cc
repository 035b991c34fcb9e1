#include "stages/promote/gone_environment.h"

#include <algorithm>

#include "runner/model/expression.h"

namespace quietgate {

namespace {

// The server of the stage's gate as the plan has it, with its references; empty: it has no gate.
std::string server_of(const RunState& run, const std::string& stage) {
  const auto* spec = run.plan ? run.plan->find(stage) : nullptr;
  const auto* gate = spec == nullptr ? nullptr : gate_of(*spec);
  return gate == nullptr ? std::string() : gate->prometheus;
}

}  // namespace

std::string GoneEnvironment::sentence() const {
  return "environment " + id + " was destroyed at " + iso_time(at) + (cause.empty() ? "" : ": " + cause);
}

std::optional<GoneEnvironment> gone_environment(const RunState& run, const std::string& stage) {
  const auto names = mentions(server_of(run, stage));
  const auto* asked = std::get_if<std::vector<Mention>>(&names);
  if (asked == nullptr || asked->empty()) return std::nullopt;
  std::optional<GoneEnvironment> first;
  for (const auto& [maker, state] : run.stages) {
    if (!state.environment || !state.environment->gone) continue;
    const auto outputs = "stages." + maker + ".outputs.";
    const bool is_asked =
        std::any_of(asked->begin(), asked->end(), [&](const Mention& name) { return name.name.starts_with(outputs); });
    const auto& gone = *state.environment;
    if (is_asked && (!first || gone.destroyed < first->at))
      first = GoneEnvironment{gone.planned.environment, gone.cause, gone.destroyed};
  }
  return first;
}

}  // namespace quietgate
