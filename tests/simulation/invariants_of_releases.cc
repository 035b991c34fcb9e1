// What must hold when a run ends that moved a branch: what it promoted is deployed, or a person was told.
#include <algorithm>

#include "tests/simulation/invariants.h"

namespace quietgate {

namespace {

// By the rows alone: the promotion that the stage comes after, directly or through others.
const CommitPromoted* promotion_before(const RunState& run, const StageSpec& spec) {
  for (const auto& need : spec.needs) {
    const auto& stage = run.stages.at(need);
    if (stage.promoted) return &stage.promotion;
    if (const auto* found = promotion_before(run, *run.plan->find(need))) return found;
  }
  return nullptr;
}

bool comes_after(const RunState& run, const StageSpec& spec, const std::string& stage) {
  return std::any_of(spec.needs.begin(), spec.needs.end(), [&](const std::string& need) {
    return need == stage || comes_after(run, *run.plan->find(need), stage);
  });
}

bool became_ready(const std::vector<Row>& rows, const std::string& stage) {
  std::string environment;
  for (const auto& row : rows) {
    const auto* planned = std::get_if<EnvironmentPlanned>(&row.event);
    if (planned != nullptr && planned->stage == stage) environment = planned->environment;
    const auto* ready = std::get_if<EnvironmentReady>(&row.event);
    if (ready != nullptr && ready->environment == environment) return true;
  }
  return false;
}

}  // namespace

// A person asked for that.
bool Invariants::goes_back(const RunId& run) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const auto& other) { return other.second.state.rollback.of == run; });
}

// Likewise of what is deployed first.
void Invariants::deployed_row(const RunModel& model, const RunFinished& finished) const {
  const auto& run = model.state;
  for (const auto& spec : run.plan->stages) {
    if (!traits_of(spec).keeps_environment || !became_ready(model.rows, spec.name)) continue;
    const bool destroyed = std::any_of(model.rows.begin(), model.rows.end(), [](const Row& row) {
      return std::holds_alternative<EnvironmentDestroyed>(row.event);
    });
    if (destroyed || run.stages.at(spec.name).outcome.roll_back || goes_back(run.id)) continue;
    for (const auto& after : run.plan->stages) {
      const auto& stage = run.stages.at(after.name);
      if (!traits_of(after).promotes || !comes_after(run, after, spec.name)) continue;
      if (stage.promoted || stage.skipped_by_condition || stage.outcome.outcome == Outcome::passed) continue;
      const auto told =
          fmt::format("{} deployed {}, but {} did not promote it", spec.name, run.commit.substr(0, 7), after.name);
      if (finished.reason.find(told) == std::string::npos)
        breach(invariant::whole, to_string(run.id) + " does not say that " + told + ": " + finished.reason);
    }
  }
}

void Invariants::release_row(const RunModel& model, const RunFinished& finished) const {
  const auto& run = model.state;
  for (const auto& spec : run.plan->stages) {
    if (!traits_of(spec).keeps_environment) continue;
    const auto* promoted = promotion_before(run, spec);
    if (promoted == nullptr || became_ready(model.rows, spec.name) || goes_back(run.id)) continue;
    // The branch went on to another commit before: that one is deployed, by its own run or not, and this run says so.
    const auto& now = run.stages.at(spec.name).outcome.overtaken_by;
    if (now && *now != promoted->to && finished.outcome == Outcome::failed) continue;
    const auto what = fmt::format("{} moved {} to {}, and {} did not deploy it", to_string(run.id), promoted->branch,
                                  promoted->to.substr(0, 7), spec.name);
    const auto says = [&](const std::string& word) { return finished.reason.find(word) != std::string::npos; };
    if (!says(promoted->branch) || !says(promoted->to.substr(0, 7)) || !says(spec.name) || !says("quietgate retry"))
      breach(invariant::whole, what + ": " + finished.reason);
    // What only ends a run for the sake of order may not end its release.
    if (run.cancel && run.cancel->by == "quietgate") breach(invariant::whole, what + ": " + run.cancel->cause);
  }
}

}  // namespace quietgate
