#include "stages/promote.h"

#include <fmt/format.h>

#include "stages/approval.h"
#include "stages/branch_move.h"
#include "stages/metrics/gate.h"
#include "stages/metrics/proofs.h"
#include "stages/metrics/watched_rules.h"
#include "stages/sealing.h"

namespace quietgate {

namespace {

constexpr std::chrono::hours proofs_last{1};

struct EarlierJudgement {
  GateJudgement judgement;
  Milliseconds age{};
};

// A judgement of the same measurements: of this attempt whatever it says, of an earlier one when it is quiet.
std::optional<EarlierJudgement> earlier_judgement(const StageRequest& request, const Window& window, Time now) {
  std::optional<EarlierJudgement> found;
  for (const auto& row : *request.history) {
    const auto* e = std::get_if<GateJudged>(&row.event);
    if (e == nullptr || e->stage != request.spec.name) continue;
    found.reset();
    if (e->judgement.window != window) continue;
    if (e->attempt != request.attempt && e->judgement.verdict != GateVerdict::quiet) continue;
    found = EarlierJudgement{e->judgement, std::chrono::duration_cast<Milliseconds>(now - row.at)};
  }
  return found;
}

Task<Result<GateJudgement>> judge(Gate gate, Clock& clock, GateSpec spec, const StageRequest& request) {
  if (auto window = gate_window(spec, request.finished)) {
    if (auto earlier = earlier_judgement(request, *window, clock.now())) {
      const auto age = human_duration(earlier->age);
      if (earlier->age <= proofs_last) {
        request.log->line(fmt::format("the gate was judged {} ago: {}", age, said_by(earlier->judgement)));
        co_return earlier->judgement;
      }
      request.log->line(
          fmt::format("the gate was judged {} ago, proofs last {}: judging again", age, human_duration(proofs_last)));
    }
  }
  auto judgement = co_await gate.judge(std::move(spec), request);
  std::vector<Event> events;
  events.emplace_back(GateJudged{request.run, request.spec.name, request.attempt, judgement});
  if (auto written = request.journal->append(std::move(events)); !written) co_return written.error();
  co_return judgement;
}

// What the gate said before, for an attempt that was taken up again after it.
std::optional<GateJudgement> last_judgement(const StageRequest& request) {
  std::optional<GateJudgement> last;
  for (const auto& row : *request.history) {
    if (const auto* e = std::get_if<GateJudged>(&row.event); e != nullptr && e->stage == request.spec.name)
      last = e->judgement;
  }
  return last;
}

StageOutcome not_promoted(const GateJudgement& judgement) {
  StageOutcome outcome;
  outcome.outcome = judgement.verdict == GateVerdict::loud ? Outcome::failed : Outcome::inconclusive;
  outcome.reason = said_by(judgement);
  outcome.advice = advice_of(judgement);
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
Task<std::optional<StageOutcome>> approve(const StageRequest& request, const PromoteSpec& spec, MoveOrder& order) {
  if (spec.approval == Approval::none) co_return std::nullopt;
  auto decision =
      co_await await_decision(request, fmt::format("move {} to {}?", spec.branch, short_id(request.commit)));
  if (!decision) co_return broken(decision.error());
  if (decision->granted) {
    order.by = decision->by;
    order.reason = decision->reason;
    co_return std::nullopt;
  }
  StageOutcome outcome;
  outcome.outcome = Outcome::cancelled;
  outcome.reason = decision->sentence();
  co_return outcome;
}

}  // namespace

Task<StageOutcome> PromoteStage::run(StageRequest request) {
  const auto& spec = std::get<PromoteSpec>(request.spec.body);
  auto outcome = co_await promote(request, spec);
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

Task<StageOutcome> PromoteStage::promote(const StageRequest& request, const PromoteSpec& spec) {
  MoveOrder order{spec.branch, {}, {}, false, spec.back_from};
  std::optional<GateJudgement> judgement;
  BranchMove move(git_, clock_, request);
  StageOutcome outcome;
  if (auto done = promotion_in(*request.history, request.spec.name)) {
    outcome.outcome = Outcome::passed;
    outcome.reason = fmt::format("{} moved from {} to {}", done->branch, short_id(done->from), short_id(done->to));
    outcome.outputs = {{"branch", done->branch}, {"from", done->from}, {"commit", done->to}};
    outcome.gate = last_judgement(request);
    co_return outcome;
  }
  if (auto refused = refusal_in(*request.history, request.spec.name)) {
    outcome.outcome = Outcome::failed;
    outcome.reason = refused->reason;
    outcome.gate = last_judgement(request);
    co_return outcome;
  }
  // What was decided and begun is ended first; the gate had spoken before.
  const bool begun = open_intent_in(*request.history, request.spec.name).has_value();
  if (auto person = promotion_request_in(*request.history)) {
    order.by = person->by;
    order.reason = person->reason;
    order.overrode = person->override_gate;
  }
  if (spec.gate && !begun) {
    const Gate gate(http_, clock_, options_.deliveries, options_.committed);
    auto judged = co_await judge(gate, clock_, *spec.gate, request);
    if (!judged) co_return broken(judged.error());
    judgement = std::move(*judged);
    // Whether it was judged now or before: an approval may take days.
    if (request.watched != nullptr) request.watched->gate_is_served();
    if (judgement->verdict != GateVerdict::quiet && !order.overrode) {
      outcome = not_promoted(*judgement);
      outcome.gate = std::move(judgement);
      co_return outcome;
    }
  }
  order.overrode = order.overrode && judgement && judgement->verdict != GateVerdict::quiet;
  if (order.overrode) {
    request.log->line(fmt::format("the gate is overridden by {}: {}", order.by, order.reason));
  }
  if (options_.dry_run) {
    outcome = only_tried(request, spec, judgement);
    outcome.gate = std::move(judgement);
    co_return outcome;
  }
  std::optional<StageOutcome> not_approved;
  if (!begun) not_approved = co_await approve(request, spec, order);
  if (not_approved) {
    outcome = std::move(*not_approved);
  } else {
    outcome = co_await move.perform(std::move(order));
  }
  outcome.gate = begun ? last_judgement(request) : std::move(judgement);
  co_return outcome;
}

}  // namespace quietgate
