#include "runner/model/release.h"

#include "runner/model/settling.h"

#include <map>

namespace quietgate {

namespace {

using Kind = ReleaseGap::Kind;

bool passed(const StageState& stage) {
  return stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::passed;
}

// What the stage promoted; nothing: it promoted nothing, or only tried to.
std::optional<ReleaseGap> promoted_by(const RunState& run, const StageSpec& spec) {
  if (!traits_of(spec).promotes) return std::nullopt;
  const auto& stage = run.stages.at(spec.name);
  const bool goes_back = run.rollback.wanted();
  if (stage.promoted)
    return ReleaseGap{Kind::not_deployed, stage.promotion.branch, stage.promotion.to,
                      !goes_back && !stage.promotion.from.empty()};
  // The branch was there already.
  const auto branch = stage.outcome.outputs.find("branch");
  if (!passed(stage) || branch == stage.outcome.outputs.end()) return std::nullopt;
  return ReleaseGap{Kind::not_deployed, branch->second, run.commit};
}

std::string first_seven(const CommitId& commit) {
  return commit.substr(0, 7);
}

// What is looked at while the stages of one run are walked in the order of their needs.
struct Walk {
  const RunState& run;
  std::map<std::string, ReleaseGap> promoted;   // by stage: the promotion that it comes after, or makes
  std::map<std::string, std::string> deployed;  // by stage: the kept one that it comes after, or is

  std::optional<ReleaseGap> gap_of_kept(const StageSpec& spec) {
    const auto& stage = run.stages.at(spec.name);
    const auto& environment = stage.environment;
    const bool made = environment && environment->made;
    const bool there = made ? environment->ready : passed(stage);
    if (there && !stage.outcome.roll_back) deployed[spec.name] = spec.name;
    const auto found = promoted.find(spec.name);
    // What the branch moved on from says so itself.
    const bool told = stage.skipped_by_condition || stage.outcome.roll_back || stage.outcome.overtaken_by.has_value();
    if (found == promoted.end() || there || told) return std::nullopt;
    auto gap = found->second;
    gap.stage = spec.name;
    gap.kind = made ? Kind::destroyed : Kind::not_deployed;
    gap.why = made ? environment->cause : stage.outcome.reason;
    return gap;
  }

  std::optional<ReleaseGap> gap_of_promotion(const StageSpec& spec) const {
    const auto& stage = run.stages.at(spec.name);
    const auto found = deployed.find(spec.name);
    if (found == deployed.end() || stage.promoted || passed(stage) || stage.skipped_by_condition) return std::nullopt;
    return ReleaseGap{Kind::not_promoted, spec.name, run.commit, false, found->second, stage.outcome.reason};
  }

  std::optional<ReleaseGap> next(const StageSpec& spec) {
    for (const auto& need : spec.needs) {
      if (const auto found = promoted.find(need); found != promoted.end()) promoted.emplace(spec.name, found->second);
      if (const auto found = deployed.find(need); found != deployed.end()) deployed.emplace(spec.name, found->second);
    }
    if (auto made = promoted_by(run, spec)) promoted.insert_or_assign(spec.name, *made);
    if (deploys(spec)) return gap_of_kept(spec);
    return traits_of(spec).promotes ? gap_of_promotion(spec) : std::nullopt;
  }
};

}  // namespace

std::optional<ReleaseGap> release_gap(const RunState& run) {
  if (!run.plan) return std::nullopt;
  Walk walk{run, {}, {}};
  for (const auto& spec : run.plan->stages) {  // a need comes before its user
    if (auto gap = walk.next(spec)) return gap;
  }
  return std::nullopt;
}

std::string with_release_gap(std::string reason, const RunState& run) {
  const auto gap = release_gap(run);
  if (!gap) return reason;
  const auto name = to_string(run.id);
  const auto commit = first_seven(gap->commit);
  // The run's own reason is that of the stage, most often.
  const bool tell_why = !gap->why.empty() && (reason.empty() || gap->kind == Kind::destroyed);
  const auto why = tell_why ? " (" + gap->why + ")" : "";
  if (!reason.empty()) reason += "; ";
  if (gap->kind == Kind::not_promoted) {
    return reason + gap->stage + " deployed " + commit + ", but " + gap->promotes + " did not promote it" + why +
           ": try again with `quietgate retry " + name + "`, or retry the run whose commit is to be deployed instead";
  }
  reason += gap->promotes + " is at " + commit + ", but ";
  if (gap->kind == Kind::not_deployed) reason += gap->stage + " did not deploy it" + why + ": ";
  if (gap->kind == Kind::destroyed) reason += "the deployment of " + gap->stage + " was destroyed" + why + ": ";
  if (gap->can_go_back) reason += "roll it back with `quietgate rollback " + name + " --reason TEXT`, or ";
  return reason + "deploy it with `quietgate retry " + name + "`";
}

}  // namespace quietgate
