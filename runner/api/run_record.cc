#include "runner/api/run_record.h"

#include <algorithm>

namespace quietgate {

namespace {

struct Recording {
  RunRecord& record;
  Time at;

  EnvironmentRecord* environment(const std::string& id) {
    auto& all = record.environments;
    auto found = std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.id == id; });
    return found == all.end() ? nullptr : &*found;
  }

  void operator()(const StageStarted& e) {
    auto& attempts = record.stages[e.stage].attempts;
    if (attempts.empty() || attempts.back().number != e.attempt) attempts.push_back({e.attempt, at, {}, {}});
  }
  void operator()(const StageFinished& e) {
    for (auto& attempt : record.stages[e.stage].attempts) {
      if (attempt.number != e.attempt || attempt.ended()) continue;
      attempt.finished = at;
      attempt.outcome = e.outcome;
    }
  }
  void operator()(const GateJudged& e) {
    record.stages[e.stage].judged = e.judgement;
    record.stages[e.stage].judged_at = at;
    for (auto& attempt : record.stages[e.stage].attempts) {
      if (attempt.number == e.attempt && !attempt.ended()) attempt.outcome.gate = e.judgement;
    }
  }
  void operator()(const ApprovalAwaited& e) {
    auto& stage = record.stages[e.stage];
    stage.awaited = at;
    stage.approval_message = e.message;
    stage.asked_until = e.expires;
  }
  void operator()(const ApprovalGiven& e) { record.stages[e.stage].approvals.push_back(e); }
  void operator()(const PromotionIntended& e) {
    auto& stage = record.stages[e.stage];
    stage.intent = e;
    stage.overridden = e.overrode ? record.promotion_requested : Time{};
  }
  void operator()(const CommitPromoted& e) { record.stages[e.stage].promoted = e; }
  void operator()(const PromotionRefused& e) { record.stages[e.stage].refused = e.reason; }
  void operator()(const EvidenceSealed& e) { record.stages[e.stage].sealed = true; }
  void operator()(const EvidencePublished& e) { record.stages[e.stage].attached = true; }
  void operator()(const PromotionRequested& e) {
    record.promotion_requests.push_back(e);
    record.promotion_requested = at;
  }
  void operator()(const EnvironmentPlanned& e) {
    EnvironmentRecord made{e.environment, e.stage,   e.provisioner, EnvironmentStatus::planned, {},
                           e.keep,        e.expires, e.ports};
    if (auto* known = environment(e.environment)) {
      *known = made;
    } else {
      record.environments.push_back(made);
    }
  }
  void operator()(const EnvironmentReady& e) {
    if (auto* known = environment(e.environment)) known->status = EnvironmentStatus::ready;
  }
  void operator()(const EnvironmentExtended& e) {
    if (auto* known = environment(e.environment)) known->expires = std::max(known->expires, e.expires);
  }
  void operator()(const EnvironmentDestroyed& e) {
    if (auto* known = environment(e.environment)) {
      known->status = EnvironmentStatus::destroyed;
      known->detail = e.cause;
    }
  }
  void operator()(const EnvironmentNotDestroyed& e) {
    if (auto* known = environment(e.environment)) {
      known->status = EnvironmentStatus::failing;
      known->detail = e.reason;
    }
  }
  void operator()(const auto&) {}  // the state has it
};

}  // namespace

void RunRecord::add(const Row& row) {
  const auto run = run_of(row.event);
  if (run.number == 0 || (state.id.number != 0 && run != state.id)) return;
  if (state.id.number == 0) state.id = run;
  fold(state, row);
  std::visit(Recording{*this, row.at}, row.event);
  last = row.sequence;
}

const StageRecord* RunRecord::stage(const std::string& name) const {
  auto found = stages.find(name);
  return found == stages.end() ? nullptr : &found->second;
}

std::vector<std::string> stage_names(const RunRecord& record) {
  std::vector<std::string> names;
  if (record.state.plan) {
    for (const auto& spec : record.state.plan->stages) names.push_back(spec.name);
  }
  return names;
}

}  // namespace quietgate
