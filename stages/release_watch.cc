#include "stages/release_watch.h"

#include <fmt/format.h>

#include "stages/metrics/proofs.h"

namespace quietgate {

Task<StageOutcome> watch_release(Gate gate, Clock& clock, const StageRequest& request, WatchSpec spec,
                                 StageOutcome ready) {
  const auto span = human_duration(spec.duration);
  request.log->line(ready.reason + "; watching its alerts for " + span);
  Window window{clock.now(), clock.now() + spec.duration};
  GateSpec judged = spec.gate;
  auto judgement = co_await gate.judge_over(std::move(judged), window, request);
  std::vector<Event> events;
  events.emplace_back(GateJudged{request.run, request.spec.name, request.attempt, judgement});
  auto written = request.journal->append(std::move(events));
  StageOutcome outcome = std::move(ready);
  outcome.window = window;
  if (!written) {
    outcome.outcome = Outcome::error;
    outcome.reason = written.error().message;
    outcome.advice = written.error().advice;
  } else if (judgement.verdict == GateVerdict::quiet) {
    outcome.reason += fmt::format("; watched for {}: {}", span, judgement.sentence);
  } else {
    const bool loud = judgement.verdict == GateVerdict::loud;
    outcome.outcome = loud ? Outcome::failed : Outcome::inconclusive;
    outcome.reason = "after the release: " + said_by(judgement);
    outcome.advice = loud ? "" : advice_of(judgement);
    outcome.conclusive = loud;
    outcome.roll_back = loud && spec.on_alert == AfterRelease::roll_back;
    if (loud && !outcome.roll_back) outcome.advice = "roll back by hand: quietgate rollback " + to_string(request.run);
  }
  outcome.gate = std::move(judgement);
  co_return outcome;
}

}  // namespace quietgate
