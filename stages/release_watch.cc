#include "stages/release_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "stages/metrics/gate.h"
#include "stages/metrics/proofs.h"
#include "stages/metrics/quietness.h"
#include "stages/metrics/rule_watch.h"
#include "stages/tree.h"

namespace quietgate {

namespace {

constexpr double look_back = 300;  // seconds before the release, to see what was active when it began

// The judging alone, as a stage kind: so that the rules are watched meanwhile as they are during every other stage.
class Judging final : public StageKind {
 public:
  Judging(Http& http, Gate gate, Clock& clock, WatchSpec spec, StageOutcome ready)
      : http_(http), gate_(gate), clock_(clock), spec_(std::move(spec)), ready_(std::move(ready)) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageOutcome outcome_of(GateJudgement judgement, const std::string& run, bool blamed) const;
  Task<bool> release_did_it(const StageRequest& request);
  Result<Time> began(const StageRequest& request) const;
  std::optional<GateJudgement> judged_before(const StageRequest& request) const;
  StageOutcome outcome_of_error(const Error& error) const;

  Http& http_;
  Gate gate_;
  Clock& clock_;
  WatchSpec spec_;
  StageOutcome ready_;
};

StageOutcome Judging::outcome_of(GateJudgement judgement, const std::string& run, bool blamed) const {
  StageOutcome outcome = ready_;
  if (judgement.verdict == GateVerdict::quiet) {
    outcome.reason += fmt::format("; watched for {}: {}", human_duration(spec_.duration), judgement.sentence);
  } else {
    const bool loud = judgement.verdict == GateVerdict::loud;
    outcome.outcome = loud && blamed ? Outcome::failed : Outcome::inconclusive;
    outcome.reason = "after the release: " + said_by(judgement);
    outcome.conclusive = loud;
    outcome.roll_back = loud && blamed && spec_.on_alert == AfterRelease::roll_back;
    if (outcome.roll_back) {
      outcome.advice = "a run of its own puts it back: see `quietgate runs`";
    } else if (loud && !blamed) {
      outcome.reason += "; that was so before this release began, so nothing is put back";
      outcome.advice = "see to the alert; if the release made it worse: quietgate rollback " + run;
    } else {
      outcome.advice = loud ? "roll back by hand: quietgate rollback " + run : advice_of(judgement);
    }
  }
  outcome.gate = std::move(judgement);
  return outcome;
}

// Whether an alert that decides became active after this stage began. What can't be told is taken for yes. Asked to its
// end also when the stage is to stop: a verdict that is known must have its consequence.
Task<bool> Judging::release_did_it(const StageRequest& request) {
  Time started{};
  for (const auto& row : *request.history) {
    const auto* e = std::get_if<StageStarted>(&row.event);
    // The first attempt: it may have deployed already.
    if (e != nullptr && e->stage == request.spec.name && started == Time{}) started = row.at;
  }
  const double begun = static_cast<double>(started.time_since_epoch().count()) / 1000;
  const auto committed = read_rules(request.checkout, spec_.gate.rules);
  Prometheus prometheus(http_, spec_.gate.prometheus);
  const auto loaded = co_await prometheus.rules(*request.runner);
  const double now = static_cast<double>(clock_.now().time_since_epoch().count()) / 1000;
  auto question = fmt::format("ALERTS[{:.0f}s]", now - begun + look_back);
  const auto samples = co_await prometheus.query(std::move(question), *request.runner);
  if (!committed || !loaded || !samples) co_return true;
  const auto decides = [&committed](const std::string& name) {
    return std::any_of(committed->begin(), committed->end(),
                       [&name](const ExpectedRule& rule) { return rule.name == name && in_scope(rule); });
  };
  double interval = 0;
  for (const auto& rule : *loaded) {
    interval = std::max(interval, rule.interval);
    for (const auto& alert : rule.alerts) {
      if (decides(rule.name) && alert.state == "firing" && alert.active_at >= begun) co_return true;
    }
  }
  const auto every = [interval](const std::string&) { return interval; };
  for (const auto& episode : episodes_of(*samples, every, now + look_back)) {
    if (decides(episode.rule) && episode.firing_from && episode.first >= begun) co_return true;
  }
  co_return false;
}

// When this attempt's watch began, also for a runner that takes it up again: what fired meanwhile counts.
Result<Time> Judging::began(const StageRequest& request) const {
  const auto file = request.directory + "/watch-began";
  if (request.resume) {
    const auto text = read_file_bounded(file, 64);
    const auto milliseconds = text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
    if (milliseconds > 0) return Time{Milliseconds{milliseconds}};
  }
  const auto now = clock_.now();
  auto kept = write_file_whole(file, std::to_string(now.time_since_epoch().count()));
  if (!kept) return kept.error();
  return now;
}

// What an earlier runner judged of this attempt.
std::optional<GateJudgement> Judging::judged_before(const StageRequest& request) const {
  std::optional<GateJudgement> found;
  for (const auto& row : *request.history) {
    const auto* e = std::get_if<GateJudged>(&row.event);
    if (e != nullptr && e->stage == request.spec.name && e->attempt == request.attempt) found = e->judgement;
  }
  return found;
}

StageOutcome Judging::outcome_of_error(const Error& error) const {
  StageOutcome outcome = ready_;
  outcome.outcome = Outcome::error;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

Task<StageOutcome> Judging::run(StageRequest request) {
  const auto begin = began(request);
  if (!begin) co_return outcome_of_error(begin.error());
  const Window window{*begin, *begin + spec_.duration};
  auto earlier = judged_before(request);
  Result<std::int64_t> written = std::int64_t{0};
  GateJudgement judgement;
  if (earlier) {
    judgement = std::move(*earlier);
  } else {
    GateSpec spec = spec_.gate;
    judgement = co_await gate_.judge_over(std::move(spec), window, request);
    std::vector<Event> events;
    events.emplace_back(GateJudged{request.run, request.spec.name, request.attempt, judgement});
    written = request.journal->append(std::move(events));
  }
  bool blamed = false;
  if (judgement.verdict == GateVerdict::loud) blamed = co_await release_did_it(request);
  auto outcome = outcome_of(std::move(judgement), to_string(request.run), blamed);
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
  Judging judging(http_, Gate(http_, clock_, deliveries_), clock_, std::move(spec), std::move(ready));
  WatchedStage watched(judging, http_, clock_);
  co_return co_await watched.run(std::move(request));
}

}  // namespace quietgate
