#include "runner/model/state.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "runner/model/settling.h"

namespace quietgate {

StageStates::StageStates(const std::vector<StageSpec>& plan) {
  entries_.reserve(plan.size());
  for (const auto& spec : plan) entries_.emplace_back(spec.name, StageState());
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(entries_.begin(), entries_.end(), by_name);
  std::map<std::string_view, std::uint32_t> place_of;
  for (std::uint32_t place = 0; place < plan.size(); ++place) place_of.emplace(plan[place].name, place);
  for (const auto& spec : plan) {
    Place place{static_cast<std::uint32_t>(find(spec.name) - entries_.begin()), {}};
    for (const auto& need : spec.needs) {
      if (const auto found = place_of.find(need); found != place_of.end()) place.needs.push_back(found->second);
    }
    places_.push_back(std::move(place));
  }
}

StageStates::Entries::const_iterator StageStates::find(const std::string& name) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [](const auto& entry, const std::string& wanted) { return entry.first < wanted; });
  return found == entries_.end() || found->first != name ? entries_.end() : found;
}

StageStates::Entries::iterator StageStates::find(const std::string& name) {
  return entries_.begin() + (std::as_const(*this).find(name) - entries_.cbegin());
}

const StageState& StageStates::at(const std::string& name) const {
  const auto found = find(name);
  if (found == entries_.end()) throw std::out_of_range("the plan has no stage `" + name + "`");
  return found->second;
}

StageState& StageStates::at(const std::string& name) {
  return const_cast<StageState&>(std::as_const(*this).at(name));
}

namespace {

bool all_settled(const RunState& state) {
  if (!state.plan) return false;
  const auto& specs = state.plan->stages;
  for (std::size_t place = 0; place < specs.size(); ++place) {
    if (!settled(state, specs[place], state.stages.of(place))) return false;
  }
  return true;
}

bool has_released(const RunState& state) {
  if (!state.plan) return false;
  const auto& specs = state.plan->stages;
  for (std::size_t place = 0; place < specs.size(); ++place) {
    const auto& s = state.stages.of(place);
    if (s.promoted || s.promotion_intent || (deploys(specs[place]) && s.attempt > 0)) return true;
  }
  return false;
}

// One overload per event that changes a run; the stage-bound ones ignore stages that the plan doesn't have.
struct Folding {
  RunState& state;
  Time at;
  std::int64_t sequence;  // 0: not known

  StageState* stage(const std::string& name) {
    auto found = state.stages.find(name);
    return found == state.stages.end() ? nullptr : &found->second;
  }

  void ask_no_more(StageState& s) {
    if (s.status != StageStatus::awaiting_approval) return;
    --state.asking;
    s.waited += std::max(Milliseconds{0}, at - s.asked);
    s.asked = s.asks_until = Time{};
  }

  // The stage's environment that is meant; null: another one, or none.
  StageEnvironment* environment(const std::string& id) {
    for (std::size_t place = 0; place < state.stages.size(); ++place) {
      auto& found = state.stages.of(place).environment;
      if (found && found->planned.environment == id) return &*found;
    }
    return nullptr;
  }

  void decide_promotions(const PromotionRequested& e) {
    if (!state.plan) return;
    for (std::size_t place = 0; place < state.plan->stages.size(); ++place) {
      if (traits_of(state.plan->stages[place]).promotes)
        state.stages.of(place).decision = StageDecision{true, e.by, e.reason};
    }
  }

  void operator()(const RunRequested& e) {
    state.id = e.run;
    state.branch = e.branch;
    state.commit = e.commit;
    state.cause = e.cause;
    state.rollback = e.rollback;
    state.requested = at;
  }
  void operator()(const PlanCompiled& e) {
    if (state.plan) return;
    state.plan = e.plan;
    state.status = RunStatus::running;
    state.started = state.timed_from = at;
    state.interruptions = 0;
    state.stages = StageStates(e.plan->stages);
  }
  void operator()(const PlanRejected& e) { state.diagnostics = e.diagnostics; }
  void operator()(const StageStarted& e) {
    auto* s = stage(e.stage);
    if (s == nullptr || s->status == StageStatus::skipped) return;
    if (s->attempt == 0) s->started = at;
    s->attempt = e.attempt;
    s->attempt_started = at;
    s->boot = e.boot;
    s->nonce = e.nonce;
    s->isolation = e.isolation;
    ask_no_more(*s);
    s->question.of_last_attempt = false;
    s->refusal.reset();
    s->waited = {};
    s->cleans_up = state.cancel.has_value();
    s->status = StageStatus::running;
    const auto* spec = state.plan->find(e.stage);
    state.releases = state.releases || (spec != nullptr && deploys(*spec));
  }
  void operator()(const StageFinished& e) {
    auto* s = stage(e.stage);
    if (s == nullptr || s->attempt != e.attempt || s->status == StageStatus::waiting) return;
    ask_no_more(*s);
    // What the driver has just intended is folded once more when it is read: it counts once.
    if (s->status != StageStatus::finished && e.outcome.artifacts)
      state.bytes_kept += static_cast<std::uint64_t>(std::max<std::int64_t>(0, e.outcome.artifacts->bytes));
    s->status = StageStatus::finished;
    s->outcome = e.outcome;
    state.interruptions = 0;
    s->finished = at;
    const auto* maker = stage(e.outcome.lost_environment);
    s->lost_attempt = maker == nullptr ? 0 : maker->attempt;
  }
  void operator()(const StageSkipped& e) {
    auto* s = stage(e.stage);
    if (s == nullptr || s->status != StageStatus::waiting) return;
    s->status = StageStatus::skipped;
    s->outcome = {};
    s->outcome.outcome = Outcome::skipped;
    s->outcome.reason = e.reason;
    s->skipped_by_condition = e.by_condition;
    s->finished = at;
  }
  void operator()(const EnvironmentPlanned& e) {
    if (!e.keep) {
      const auto to_live = std::chrono::duration_cast<Milliseconds>(e.expires - at);
      state.environments[e.environment] = {e.stage, at, to_live, e.expires, false};
    }
    auto* s = stage(e.stage);
    if (s == nullptr) return;
    if (!s->environment) s->environment.emplace();
    s->environment->planned = e;
    s->environment->gone = false;
  }
  void operator()(const EnvironmentReady& e) {
    if (auto* made = environment(e.environment)) made->made = made->ready = true;
  }
  void operator()(const EnvironmentExtended& e) {
    const auto found = state.environments.find(e.environment);
    if (found != state.environments.end()) found->second.expires = std::max(found->second.expires, e.expires);
  }
  void operator()(const EnvironmentDestroyRequested& e) {
    const auto found = state.environments.find(e.environment);
    if (found != state.environments.end()) found->second.unwanted = true;
  }
  void operator()(const EnvironmentDestroyed& e) {
    state.environments.erase(e.environment);
    auto* ended = environment(e.environment);
    if (ended == nullptr || ended->gone) return;
    ended->gone = true;
    ended->ready = false;
    ended->cause = e.cause;
    ended->destroyed = at;
  }
  void operator()(const ApprovalAwaited& e) {
    auto* s = stage(e.stage);
    if (s == nullptr) return;
    s->question = {true, at, e.expires};
    if (s->judged) s->judged->asked_since = true;
    if (s->status != StageStatus::running || s->approval) return;
    s->status = StageStatus::awaiting_approval;
    ++state.asking;
    s->asked = at;
    s->asks_until = e.expires;
  }
  void operator()(const ApprovalGiven& e) {
    auto* s = stage(e.stage);
    if (s == nullptr) return;
    s->approval = e;
    const bool late = s->question.until != Time{} && at >= s->question.until;
    if (!late) s->decision = StageDecision{e.granted, e.by, e.reason};
    if (s->status != StageStatus::awaiting_approval) return;
    ask_no_more(*s);
    s->status = StageStatus::running;
  }
  void operator()(const GateJudged& e) {
    if (auto* s = stage(e.stage)) s->judged = StageJudgement{e.judgement, at, e.attempt, false};
  }
  void operator()(const PromotionIntended& e) {
    auto* s = stage(e.stage);
    if (s == nullptr) return;
    s->promotion_intent = e;
    state.releases = true;
  }
  void operator()(const CommitPromoted& e) {
    state.promotion = e;
    auto* s = stage(e.stage);
    if (s == nullptr) return;
    if (s->promotion_intent) s->promoted_by = *s->promotion_intent;
    s->promotion_intent.reset();
    s->promoted = true;
    s->promotion = e;
    s->promoted_at = at;
    s->promotion_row = sequence;
  }
  void operator()(const EvidenceSealed& e) {
    if (auto* s = stage(e.stage); s != nullptr && s->evidence.sealed == 0) s->evidence.sealed = sequence;
  }
  void operator()(const EvidencePublished& e) {
    if (auto* s = stage(e.stage)) s->evidence.published = true;
  }
  void operator()(const PromotionRefused& e) {
    if (auto* s = stage(e.stage)) {
      s->promotion_intent.reset();
      s->refusal = e;
    }
    state.releases = has_released(state);
  }
  // When all stages have ended there is nothing left to cancel: the run is only cleaning up, and ends as they did.
  void operator()(const CancelRequested& e) {
    if (state.cancel || state.status == RunStatus::finished || all_settled(state)) return;
    if (e.superseded_by.number > 0 && state.releases) return;
    state.cancel = e;
  }
  void operator()(const RunInterrupted&) { ++state.interruptions; }
  // A person's decision reopens a finished run: its refused promotion starts another attempt, and what waited for it
  // too.
  void operator()(const PromotionRequested& e) {
    state.promotion_request = e;
    state.promotion_requested = at;
    decide_promotions(e);
    if (state.status != RunStatus::finished || !state.plan) return;
    state.status = RunStatus::running;
    state.timed_from = at;
    state.waited = {};
    if (state.cancel) return;
    for (std::size_t place = 0; place < state.plan->stages.size(); ++place) {
      const auto& spec = state.plan->stages[place];
      auto& s = state.stages.of(place);
      const auto& needs = state.stages.needs(place);
      bool reopened_need = std::any_of(needs.begin(), needs.end(), [&](std::uint32_t need) {
        return state.stages.of(need).status == StageStatus::waiting;
      });
      bool refused = traits_of(spec).promotes && s.status == StageStatus::finished && !s.promoted &&
                     s.outcome.outcome != Outcome::passed;
      if (refused || (reopened_need && s.status == StageStatus::skipped)) s.status = StageStatus::waiting;
    }
  }
  void operator()(const RunFinished& e) {
    if (state.status == RunStatus::finished) return;
    state.status = RunStatus::finished;
    state.outcome = e.outcome;
    state.reason = e.reason;
    state.finished = at;
  }
  void operator()(const auto&) {}  // the rest changes no run
};

bool ended(const StageState& s) {
  return s.status == StageStatus::finished || s.status == StageStatus::skipped;
}

}  // namespace

std::optional<std::string> stage_value(const RunState& state, const std::string& name) {
  if (name.rfind("stages.", 0) != 0) return std::nullopt;
  // Stage names have no `stages.`/`.outputs.` in them, but may have dots (matrix): the longest stage that fits is
  // meant.
  for (auto it = state.stages.rbegin(); it != state.stages.rend(); ++it) {
    const auto prefix = "stages." + it->first + ".";
    if (name.rfind(prefix, 0) != 0) continue;
    const auto rest = name.substr(prefix.size());
    if (!ended(it->second)) return std::nullopt;
    if (rest == "outcome") return to_string(it->second.outcome.outcome);
    if (rest.rfind("outputs.", 0) != 0) return std::nullopt;
    auto found = it->second.outcome.outputs.find(rest.substr(8));
    if (found == it->second.outcome.outputs.end()) return std::nullopt;
    return found->second;
  }
  return std::nullopt;
}

bool only_waits_for_a_person(const RunState& state) {
  if (state.asking == 0 || state.cancel || state.status != RunStatus::running) return false;
  return std::none_of(state.stages.begin(), state.stages.end(),
                      [](const auto& entry) { return entry.second.status == StageStatus::running; });
}

namespace {

void keep_waiting_time(RunState& state, Time at) {
  const bool waits = only_waits_for_a_person(state);
  const bool waited = state.waits_since != Time{};
  if (waits == waited) return;
  if (waited) state.waited += std::max(Milliseconds{0}, at - state.waits_since);
  state.waits_since = waits ? at : Time{};
}

void add(RunState& state, const Event& event, Time at, std::int64_t sequence) {
  auto run = run_of(event);
  if (run.number == 0 || (state.id.number != 0 && run != state.id)) return;
  std::visit(Folding{state, at, sequence}, event);
  keep_waiting_time(state, at);
}

}  // namespace

void fold(RunState& state, const Event& event, Time at) {
  add(state, event, at, 0);
}

void fold(RunState& state, const Row& row) {
  add(state, row.event, row.at, row.sequence);
  state.cursor = row.sequence;
}

bool keeps_lock(const StageSpec& spec) {
  const auto traits = traits_of(spec);
  return traits.makes_environment && !traits.keeps_environment && !spec.lock.empty();
}

std::set<std::string> kept_locks(const RunState& state) {
  std::set<std::string> locks;
  if (!state.plan) return locks;
  for (std::size_t place = 0; place < state.plan->stages.size(); ++place) {
    const auto& spec = state.plan->stages[place];
    if (!keeps_lock(spec)) continue;
    const auto& s = state.stages.of(place);
    const bool lives = std::any_of(state.environments.begin(), state.environments.end(),
                                   [&](const auto& environment) { return environment.second.stage == spec.name; });
    const bool goes_on = state.status != RunStatus::finished && s.attempt > 0 && !settled(state, spec, s);
    if (lives || goes_on) locks.insert(spec.lock);
  }
  return locks;
}

std::set<std::string> later_locks(const RunState& state) {
  std::set<std::string> locks;
  if (!state.plan || state.status == RunStatus::finished) return locks;
  for (std::size_t place = 0; place < state.plan->stages.size(); ++place) {
    const auto& spec = state.plan->stages[place];
    if (!spec.lock.empty() && !settled(state, spec, state.stages.of(place))) locks.insert(spec.lock);
  }
  return locks;
}

}  // namespace quietgate
