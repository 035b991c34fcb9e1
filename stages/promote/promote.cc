#include "stages/promote/promote.h"

#include <fmt/format.h>

#include "stages/attempt/approval.h"
#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"
#include "stages/promote/branch_move.h"
#include "stages/promote/gone_environment.h"
#include "stages/promote/sealing.h"

namespace quietgate {

namespace {

constexpr std::chrono::hours proofs_last{1};

// What the gate says of the measurements: now, or before.
struct Verdict {
  GateJudgement judgement;
  std::string stands;  // why it was not judged again though it is old, or was not quiet; empty: it is of now
};

// Why the judgement on record counts, whatever it says: what it is about can't be asked again, or nobody may. Nothing:
// the gate judges.
std::optional<std::string> why_it_stands(const StageRequest& request, const StageJudgement& before,
                                         const GateSpec& spec, bool overridden, Time now) {
  if (overridden) return "an override keeps the judgement";
  const auto window = gate_window(spec, request.finished);
  const bool same = window && before.judgement.window == *window;
  // Of this attempt whatever it says, of an earlier one when it is quiet.
  const bool counts = same && (before.attempt == request.attempt || before.judgement.verdict == GateVerdict::quiet);
  if (counts && now - before.at <= proofs_last) return std::string();
  if (counts && before.attempt == request.attempt && before.asked_since) return "a person was asked after it";
  const auto gone = gone_environment(*request.run_state, request.spec.name);
  if (gone && (same || before.judgement.verdict != GateVerdict::quiet))
    return "the environment that it judged is gone: " + gone->sentence();
  return std::nullopt;
}

Task<Result<Verdict>> judge(Gate gate, Clock& clock, GateSpec spec, const StageRequest& request, bool overridden,
                            WatchedRules* watched) {
  const auto& stage = request.spec.name;
  const auto before = request.run_state->stages.at(stage).judged;
  if (before) {
    const auto age = human_duration(std::chrono::duration_cast<Milliseconds>(clock.now() - before->at));
    if (auto stands = why_it_stands(request, *before, spec, overridden, clock.now())) {
      request.log->line(fmt::format("the gate was judged {} ago: {}", age, said_by(before->judgement)));
      if (!stands->empty()) request.log->line("it was not judged again: " + *stands);
      co_return Verdict{before->judgement, std::move(*stands)};
    }
    request.log->line(fmt::format("the gate was judged {} ago ({}): judging again", age, said_by(before->judgement)));
  }
  Verdict verdict;
  const auto gone = gone_environment(*request.run_state, stage);
  if (gone) {
    const auto window = gate_window(spec, request.finished);
    verdict.judgement = blind_judgement("ENVIRONMENT", "the environment exists",
                                        "the environment is gone: " + gone->sentence(), window ? *window : Window{});
    request.log->line(said_by(verdict.judgement));
  } else {
    verdict.judgement = co_await gate.judge(std::move(spec), request, watched);
  }
  std::vector<Event> events;
  events.emplace_back(GateJudged{request.run, stage, request.attempt, verdict.judgement});
  auto written = co_await request.journal->append(std::move(events));
  if (!written) co_return written.error();
  co_return verdict;
}

// What the gate said before, for an attempt that was taken up again after it.
std::optional<GateJudgement> last_judgement(const StageRequest& request) {
  const auto& last = request.run_state->stages.at(request.spec.name).judged;
  return last ? std::optional<GateJudgement>(last->judgement) : std::nullopt;
}

StageOutcome not_promoted(const Verdict& verdict, const RunId& run) {
  StageOutcome outcome;
  outcome.outcome = verdict.judgement.verdict == GateVerdict::loud ? Outcome::failed : Outcome::inconclusive;
  outcome.reason = said_by(verdict.judgement);
  outcome.advice = advice_of(verdict.judgement);
  if (verdict.stands.empty()) return outcome;
  outcome.reason += "; it was not judged again: " + verdict.stands;
  outcome.advice = fmt::format(
      "retry the run: quietgate retry {0}; or override the gate, which the evidence records: quietgate promote {0} "
      "--override --reason TEXT",
      to_string(run));
  return outcome;
}

StageOutcome broken(const Error& error) {
  StageOutcome outcome;
  outcome.outcome = Outcome::error;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

StageOutcome only_tried(const StageRequest& request, const PromoteSpec& spec,
                        const std::optional<GateJudgement>& judgement) {
  StageOutcome outcome;
  outcome.outcome = Outcome::passed;
  outcome.reason = fmt::format("{}{} was not moved to {}: this is a dry run",
                               judgement ? said_by(*judgement) + "; " : "", spec.branch, short_id(request.commit));
  request.log->line(outcome.reason);
  return outcome;
}

// The approval that is needed, or why there is none. Fills in who and why.
Task<std::optional<StageOutcome>> approve(const StageRequest& request, Clock& clock, const PromoteSpec& spec,
                                          MoveOrder& order) {
  if (spec.approval == Approval::none) co_return std::nullopt;
  Question question{spec.approval_message, spec.approval_expires};
  if (question.message.empty()) question.message = fmt::format("move {} to {}?", spec.branch, short_id(request.commit));
  auto decision = co_await await_decision(request, clock, std::move(question));
  if (!decision) co_return broken(decision.error());
  if (decision->granted) {
    order.by = decision->by;
    order.reason = decision->reason;
    co_return std::nullopt;
  }
  StageOutcome outcome;
  outcome.outcome = Outcome::cancelled;
  outcome.reason = decision->sentence();
  if (decision->expired)
    outcome.advice =
        fmt::format("promote it by hand: quietgate promote {0} --reason TEXT; or retry the run: quietgate retry {0}",
                    to_string(request.run));
  co_return outcome;
}

}  // namespace

Task<StageOutcome> PromoteStage::run(StageRequest request) {
  return perform(std::move(request), nullptr);
}

Task<StageOutcome> PromoteStage::run_watched(StageRequest request, WatchedRules& watched) {
  return perform(std::move(request), &watched);
}

Task<StageOutcome> PromoteStage::perform(StageRequest request, WatchedRules* watched) {
  const auto spec = spec_of<PromoteSpec>(request.spec.body);
  auto outcome = co_await promote(request, spec, watched);
  if (outcome.outcome != Outcome::passed || options_.sealer == nullptr) co_return outcome;
  co_return co_await sealed(request, spec, std::move(outcome));
}

// What was promoted stays promoted: evidence that can't be attached yet is said, and is attached later.
Task<StageOutcome> PromoteStage::sealed(const StageRequest& request, const PromoteSpec& spec, StageOutcome outcome) {
  Sealing sealing(git_, clock_, *options_.sealer, request);
  std::string prometheus;
  if (spec.gate) prometheus = Prometheus(http_, spec.gate->prometheus).url();  // without credentials
  const auto missing = co_await sealing.seal(std::move(prometheus));
  if (!missing.empty()) {
    const auto line = "its evidence is not attached to the commit yet: " + missing;
    request.log->line(line);
    outcome.reason += "; " + line;
  }
  co_return outcome;
}

Task<StageOutcome> PromoteStage::promote(const StageRequest& request, const PromoteSpec& spec, WatchedRules* watched) {
  MoveOrder order{spec.branch, {}, {}, false, spec.back_from};
  std::optional<GateJudgement> judgement;
  BranchMove move(git_, clock_, request);
  StageOutcome outcome;
  const auto& stage = request.run_state->stages.at(request.spec.name);
  if (stage.promoted) {
    const auto& done = stage.promotion;
    outcome.outcome = Outcome::passed;
    outcome.reason = fmt::format("{} moved from {} to {}", done.branch, short_id(done.from), short_id(done.to));
    outcome.outputs = {{"branch", done.branch}, {"from", done.from}, {"commit", done.to}};
    outcome.gate = last_judgement(request);
    co_return outcome;
  }
  if (stage.refusal) {
    outcome.outcome = Outcome::failed;
    outcome.reason = stage.refusal->reason;
    outcome.gate = last_judgement(request);
    co_return outcome;
  }
  // What was decided and begun is ended first; the gate had spoken before.
  const bool begun = stage.promotion_intent.has_value();
  if (const auto& person = request.run_state->promotion_request) {
    order.by = person->by;
    order.reason = person->reason;
    order.overrode = person->override_gate;
  }
  if (spec.gate && !begun) {
    const Gate gate(http_, clock_, options_.deliveries, options_.committed);
    auto judged = co_await judge(gate, clock_, *spec.gate, request, order.overrode, watched);
    if (!judged) co_return broken(judged.error());
    judgement = judged->judgement;
    // Whether it was judged now or before: an approval may take days.
    if (watched != nullptr) watched->gate_has_read_all();
    if (judgement->verdict != GateVerdict::quiet && !order.overrode) {
      outcome = not_promoted(*judged, request.run);
      outcome.gate = std::move(judgement);
      co_return outcome;
    }
  }
  order.overrode = order.overrode && judgement && judgement->verdict != GateVerdict::quiet;
  if (order.overrode) {
    request.log->line(
        fmt::format("overridden by {}: {}; the gate said: {}", order.by, order.reason, said_by(*judgement)));
  }
  if (options_.dry_run && !begun) {
    outcome = only_tried(request, spec, judgement);
    outcome.gate = std::move(judgement);
    co_return outcome;
  }
  std::optional<StageOutcome> not_approved;
  if (!begun) not_approved = co_await approve(request, clock_, spec, order);
  if (not_approved) {
    outcome = std::move(*not_approved);
  } else {
    outcome = co_await move.perform(std::move(order));
  }
  outcome.gate = begun ? last_judgement(request) : std::move(judgement);
  co_return outcome;
}

}  // namespace quietgate
