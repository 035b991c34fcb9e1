#include "runner/model/next.h"

#include <algorithm>
#include <set>

#include "runner/model/expression_tree.h"
#include "runner/model/settling.h"

namespace quietgate {

namespace {

Lookup condition_names(const RunState& state, const StageSpec& spec) {
  return [&state, &spec](const std::string& name) -> std::optional<std::string> {
    auto truth = [](bool value) { return std::optional<std::string>(value ? "true" : "false"); };
    bool all_open = std::all_of(spec.needs.begin(), spec.needs.end(), [&](const std::string& need) {
      const auto* needed = state.plan->find(need);
      return needed != nullptr && opens(*needed, state.stages.at(need));
    });
    if (name == "always()") return truth(true);
    if (name == "cancelled()") return truth(state.cancel.has_value());
    if (name == "success()") return truth(all_open && !state.cancel);
    if (name == "failure()") return truth(!all_open && !state.cancel);
    return stage_value(state, name);
  };
}

// The condition of a stage whose needs have settled: start it, or why not.
struct Decision {
  bool start = false;
  bool by_condition = false;
  std::string reason;
};

// By the parsed expression: a text in it (a commit's message, say) may read like a function.
bool mentions_status(const std::string& condition) {
  const auto found = mentions(condition, true);
  const auto* names = std::get_if<std::vector<Mention>>(&found);
  return names != nullptr && std::any_of(names->begin(), names->end(), [](const Mention& mention) {
           return mention.name.ends_with("()") && is_status_function(mention.name.substr(0, mention.name.size() - 2));
         });
}

// Of all stages that one comes after, directly or through others, one that lets nothing start.
const StageSpec* closed_before(const RunState& state, const StageSpec& spec) {
  std::vector<const StageSpec*> open{&spec};
  std::set<std::string> seen;
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    for (const auto& need : at->needs) {
      if (!seen.insert(need).second) continue;
      const auto* needed = state.plan->find(need);
      if (needed == nullptr) continue;
      if (!opens(*needed, state.stages.at(need))) return needed;
      open.push_back(needed);
    }
  }
  return nullptr;
}

std::string why_closed(const RunState& state, const std::string& name) {
  const auto& s = state.stages.at(name);
  return "`" + name + "` " +
         (s.status == StageStatus::skipped ? "was skipped" : std::string("ended as ") + to_string(s.outcome.outcome));
}

Decision decide_start(const RunState& state, const StageSpec& spec) {
  for (const auto& need : spec.needs) {
    const auto* needed = state.plan->find(need);
    if (needed == nullptr || mentions_status(spec.condition)) continue;
    const auto& s = state.stages.at(need);
    if (!opens(*needed, s)) return {false, false, why_closed(state, need)};
  }
  // A stage between with `if: always()` takes nothing back of what failed before it.
  const bool releases = traits_of(spec).promotes || deploys(spec);
  if (releases && !spec.waives_order && !mentions_status(spec.condition)) {
    if (const auto* closed = closed_before(state, spec)) return {false, false, why_closed(state, closed->name)};
  }
  if (state.cancel && !mentions_status(spec.condition)) return {false, false, "the run was cancelled"};
  if (!spec.left_out.empty()) return {false, false, spec.left_out};
  if (spec.condition.empty()) return {true, false, {}};
  auto verdict = evaluate_condition(spec.condition, condition_names(state, spec));
  if (!verdict) return {false, false, "its `if` can't be evaluated: " + verdict.error().message};
  return {*verdict, !*verdict, "condition `" + spec.condition + "` is false"};
}

Action finish(const RunState& state) {
  Action action;
  action.kind = Action::Kind::finish;
  action.outcome = Outcome::passed;
  for (std::size_t place = 0; place < state.plan->stages.size(); ++place) {
    const auto& spec = state.plan->stages[place];
    const auto& s = state.stages.of(place);
    if (s.status == StageStatus::skipped || spec.continue_on_error) continue;
    auto whole = worst(action.outcome, s.outcome.outcome);
    if (whole != action.outcome) {
      action.outcome = whole;
      action.reason = spec.name + ": " + s.outcome.reason;
    }
  }
  if (state.cancel) {
    action.outcome = Outcome::cancelled;
    action.reason = state.cancel->cause;
  }
  return action;
}

}  // namespace

std::vector<Action> next(const RunState& state, const std::vector<std::string>& driven) {
  std::vector<Action> actions;
  if (!state.plan || state.status == RunStatus::finished) return actions;
  auto is_driven = [&](const std::string& name) {
    return std::find(driven.begin(), driven.end(), name) != driven.end();
  };
  bool all_settled = true;
  const auto& specs = state.plan->stages;
  for (std::size_t place = 0; place < specs.size(); ++place) {
    const auto& spec = specs[place];
    const auto& s = state.stages.of(place);
    if (settled(state, spec, s)) continue;
    all_settled = false;
    if (is_driven(spec.name)) continue;
    Action action;
    action.stage = spec.name;
    if (s.status == StageStatus::running || s.status == StageStatus::awaiting_approval) {
      action.kind = Action::Kind::start;
      action.attempt = s.attempt;
      action.resume = true;
      actions.push_back(std::move(action));
      continue;
    }
    if (s.status == StageStatus::finished) {
      const auto loss = loss_of(state, s);
      if (loss == Loss::waits) continue;
      if (loss == Loss::remake) action.stage = s.outcome.lost_environment;
      const auto starts = [&](const Action& other) { return other.stage == action.stage; };
      if (is_driven(action.stage) || std::any_of(actions.begin(), actions.end(), starts)) continue;
      action.kind = Action::Kind::start;
      action.attempt = state.stages.at(action.stage).attempt + 1;
      actions.push_back(std::move(action));
      continue;
    }
    const auto& needs = state.stages.needs(place);
    bool needs_settled = std::all_of(needs.begin(), needs.end(), [&](std::uint32_t need) {
      return settled(state, specs[need], state.stages.of(need));
    });
    if (!needs_settled) continue;
    auto decision = decide_start(state, spec);
    action.kind = decision.start ? Action::Kind::start : Action::Kind::skip;
    action.attempt = s.attempt + 1;
    action.reason = decision.reason;
    action.by_condition = decision.by_condition;
    actions.push_back(std::move(action));
  }
  if (all_settled) actions.push_back(finish(state));
  return actions;
}

}  // namespace quietgate
