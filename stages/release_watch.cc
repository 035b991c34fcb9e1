#include "stages/release_watch.h"

#include <fmt/format.h>

#include "stages/metrics/gate.h"
#include "stages/metrics/proofs.h"
#include "stages/metrics/rule_watch.h"

namespace quietgate {

namespace {

// The judging alone, as a stage kind: so that the rules are watched meanwhile as they are during every other stage.
class Judging final : public StageKind {
 public:
  Judging(Gate gate, Clock& clock, WatchSpec spec, StageOutcome ready)
      : gate_(gate), clock_(clock), spec_(std::move(spec)), ready_(std::move(ready)) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageOutcome outcome_of(GateJudgement judgement, const std::string& run) const;

  Gate gate_;
  Clock& clock_;
  WatchSpec spec_;
  StageOutcome ready_;
};

StageOutcome Judging::outcome_of(GateJudgement judgement, const std::string& run) const {
  StageOutcome outcome = ready_;
  if (judgement.verdict == GateVerdict::quiet) {
    outcome.reason += fmt::format("; watched for {}: {}", human_duration(spec_.duration), judgement.sentence);
  } else {
    const bool loud = judgement.verdict == GateVerdict::loud;
    outcome.outcome = loud ? Outcome::failed : Outcome::inconclusive;
    outcome.reason = "after the release: " + said_by(judgement);
    outcome.advice = loud ? std::string() : advice_of(judgement);
    outcome.conclusive = loud;
    outcome.roll_back = loud && spec_.on_alert == AfterRelease::roll_back;
    if (loud && !outcome.roll_back) outcome.advice = "roll back by hand: quietgate rollback " + run;
  }
  outcome.gate = std::move(judgement);
  return outcome;
}

Task<StageOutcome> Judging::run(StageRequest request) {
  const Window window{clock_.now(), clock_.now() + spec_.duration};
  GateSpec spec = spec_.gate;
  auto judgement = co_await gate_.judge_over(std::move(spec), window, request);
  std::vector<Event> events;
  events.emplace_back(GateJudged{request.run, request.spec.name, request.attempt, judgement});
  auto written = request.journal->append(std::move(events));
  auto outcome = outcome_of(std::move(judgement), to_string(request.run));
  outcome.window = window;
  if (written) co_return outcome;
  outcome.outcome = Outcome::error;
  outcome.reason = written.error().message;
  outcome.advice = written.error().advice;
  co_return outcome;
}

}  // namespace

Task<StageOutcome> ReleaseWatch::watch(StageRequest request, WatchSpec spec, StageOutcome ready) {
  request.log->line(ready.reason + "; watching its alerts for " + human_duration(spec.duration));
  PromoteSpec judged;
  judged.gate = spec.gate;
  request.spec.body = std::move(judged);
  Judging judging(Gate(http_, clock_, deliveries_), clock_, std::move(spec), std::move(ready));
  WatchedStage watched(judging, http_, clock_);
  co_return co_await watched.run(std::move(request));
}

}  // namespace quietgate
