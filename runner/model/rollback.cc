#include "runner/model/rollback.h"

#include <algorithm>
#include <map>
#include <set>

#include "runner/base/json_tree.h"
#include "runner/model/settling.h"

namespace quietgate {

namespace {

std::string brief(const CommitId& id) {
  return id.substr(0, 7);
}

std::string branch_of(const StageSpec& spec) {
  const JsonTree tree(spec.body.spec());
  const auto* branch = tree.root().find("branch");
  return branch == nullptr ? std::string() : branch->text;
}

StageSpec* promote_stage_of(Plan& plan, const std::string& branch) {
  StageSpec* only = nullptr;
  int count = 0;
  for (auto& spec : plan.stages) {
    if (!traits_of(spec).promotes) continue;
    if (branch_of(spec) == branch) return &spec;
    only = &spec;
    ++count;
  }
  // A branch that is known by then only, from a stage's output.
  const bool known_later = count == 1 && branch_of(*only).find("${{") != std::string::npos;
  return known_later ? only : nullptr;
}

// The run's promotions, of several of one branch the last; with a stage only those among what it needs, directly or
// through others.
std::vector<const CommitPromoted*> promotions_of(const RunState& run, const std::string& stage) {
  std::vector<const CommitPromoted*> found;
  if (!run.plan) return found;
  std::set<std::string> needed;
  const auto& stages = run.plan->stages;  // a need comes before its user
  for (auto spec = stages.rbegin(); spec != stages.rend(); ++spec) {
    if (spec->name == stage || needed.contains(spec->name)) needed.insert(spec->needs.begin(), spec->needs.end());
  }
  for (const auto& spec : stages) {
    const auto& state = run.stages.at(spec.name);
    if (!state.promoted || (!stage.empty() && !needed.contains(spec.name))) continue;
    std::erase_if(found, [&](const auto* other) { return other->branch == state.promotion.branch; });
    found.push_back(&state.promotion);
  }
  return found;
}

}  // namespace

Result<RunRequested> rollback_request(const RunState& run, std::int64_t number, std::string by, std::string reason,
                                      const std::string& stage) {
  const auto name = to_string(run.id);
  if (run.rollback.wanted())
    return user_error("run " + name + " is a rollback itself",
                      "roll back the run that promoted the current commit, or promote again");
  const auto promotions = promotions_of(run, stage);
  if (promotions.size() > 1) {
    std::string branches;
    for (const auto* each : promotions) branches += (branches.empty() ? "" : " and ") + each->branch;
    return user_error("run " + name + " promoted " + branches + ": quietgate can roll back only one branch",
                      "move the branches by hand, or push a commit that fixes the problem");
  }
  const auto* promoted = promotions.empty() ? nullptr : promotions.front();
  if (promoted == nullptr) return user_error("run " + name + " promoted nothing", "see `quietgate show " + name + "`");
  if (promoted->from.empty())
    return user_error("there is nothing to go back to: " + promoted->branch + " did not exist before run " + name,
                      "push a commit that fixes the problem");
  const auto who = by.empty() ? std::string("an alert after the release") : by;
  RunRequested request;
  request.run = {run.id.repository, number};
  request.branch = run.branch;
  request.commit = promoted->from;
  request.cause = "rollback of " + name + " by " + who + ": " + promoted->branch + " from " + brief(promoted->to) +
                  " back to " + brief(promoted->from);
  request.rollback = {run.id, promoted->branch, promoted->to, std::move(by), std::move(reason)};
  return request;
}

Result<Plan> rollback_plan(Plan plan, const Rollback& rollback) {
  auto* promote = promote_stage_of(plan, rollback.branch);
  if (promote == nullptr)
    return user_error("the pipeline of commit " + brief(plan.commit) + " does not promote to " + rollback.branch +
                          ", so quietgate can't roll it back",
                      "move the branch by hand, or push a commit that fixes the problem");
  std::set<std::string> after{promote->name};               // stages come after what they need
  std::map<std::string, std::set<std::string>> stands_for;  // by stage that is left out: what is kept of its needs
  std::set<std::string> kept{promote->name};
  std::vector<StageSpec> stages;
  for (auto& spec : plan.stages) {
    const bool is_promote = &spec == promote;
    const bool follows = std::any_of(spec.needs.begin(), spec.needs.end(),
                                     [&](const std::string& need) { return after.contains(need); });
    if (follows) after.insert(spec.name);
    std::set<std::string> needs;
    for (const auto& need : spec.needs) {
      if (kept.contains(need)) needs.insert(need);
      needs.insert(stands_for[need].begin(), stands_for[need].end());
    }
    if (!is_promote && !(follows && deploys(spec))) {
      stands_for[spec.name] = std::move(needs);
      continue;
    }
    if (is_promote) needs.clear();
    spec.needs.assign(needs.begin(), needs.end());
    spec.condition.clear();
    spec.continue_on_error = false;
    spec.body = spec.body.in_rollback(rollback.branch, rollback.from);
    kept.insert(spec.name);
    stages.push_back(spec);
  }
  plan.stages = std::move(stages);
  plan.concurrency = Concurrency::parallel;  // it waits for nobody, and no newer commit supersedes it
  plan.hash.clear();
  return plan;
}

}  // namespace quietgate
