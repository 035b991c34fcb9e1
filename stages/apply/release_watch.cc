#include "stages/apply/release_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "runner/base/files.h"
#include "runner/base/time.h"
#include "stages/gate/alert_episodes.h"
#include "stages/gate/first_scrape.h"
#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"
#include "stages/gate/rule_watch.h"

namespace quietgate {

namespace {

constexpr double look_back = 300;               // seconds before the release, to see what was active when it began
constexpr Milliseconds longest_start{120'000};  // until everything was scraped once
constexpr Milliseconds look_every{500};
constexpr double clocks_differ = 2;  // seconds, at most: P2

// Of the stage's first attempt: it may have deployed already.
Time first_start(const StageRequest& request) {
  return request.run_state->stages.at(request.spec.name).started;
}

// The judging alone, as a stage kind: so that the rules are watched meanwhile as they are during every other stage.
class Judging final : public StageKind, public GatedStage {
 public:
  Judging(Http& http, Gate gate, Clock& clock, WatchSpec spec, StageOutcome ready)
      : http_(http), gate_(gate), clock_(clock), spec_(std::move(spec)), ready_(std::move(ready)) {}
  Task<StageOutcome> run(StageRequest request) override;
  Task<StageOutcome> run_watched(StageRequest request, WatchedRules& watched) override {
    watched_ = &watched;
    return run(std::move(request));
  }

 private:
  StageOutcome outcome_of(GateJudgement judgement, const std::string& run, bool blamed) const;
  Task<bool> release_did_it(const StageRequest& request);
  // From when on it is judged, and since when everything was heard; or what is missing.
  struct Heard {
    std::string missing;
    Time begin{};
    Time complete{};
  };
  std::optional<Time> kept_moment(const StageRequest& request, const char* file) const;
  Result<void> keep_moment(const StageRequest& request, const char* file, Time moment) const;
  Task<Heard> first_scrape(const StageRequest& request, Time released);
  Task<Time> judged_from(const StageRequest& request, std::vector<LoadedRule> loaded, Time released);
  Task<Result<GateJudgement>> judge(const StageRequest& request);
  std::optional<GateJudgement> judged_before(const StageRequest& request) const;
  StageOutcome outcome_of_error(const Error& error) const;

  Http& http_;
  Gate gate_;
  Clock& clock_;
  WatchSpec spec_;
  StageOutcome ready_;
  WatchedRules* watched_ = nullptr;
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
      outcome.advice = "a rollback was requested: see `quietgate runs`";
    } else if (loud && !blamed) {
      outcome.reason += "; this began before the release, so there is no rollback";
      outcome.advice = "resolve the alert; if the release made it worse: quietgate rollback " + run;
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
  const double begun = seconds_of(first_start(request));
  const auto committed = read_rules(request.checkout, spec_.gate.rules);
  Prometheus prometheus(http_, spec_.gate.prometheus);
  const auto loaded = co_await prometheus.rules(*request.runner);
  const double now = seconds_of(clock_.now());
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

// A moment of this attempt, for a runner that takes it up again: what fired meanwhile counts.
std::optional<Time> Judging::kept_moment(const StageRequest& request, const char* file) const {
  if (!request.resume) return std::nullopt;
  const auto text = read_file_bounded(request.directory + file, 64);
  const auto milliseconds = text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
  return milliseconds > 0 ? std::optional<Time>(Time{Milliseconds{milliseconds}}) : std::nullopt;
}

Result<void> Judging::keep_moment(const StageRequest& request, const char* file, Time moment) const {
  return write_file_durably(request.directory + file, std::to_string(moment.time_since_epoch().count()));
}

// Once everything was heard. A server that ran before is judged from the release on; one that this stage started, from
// its first complete scrape, however late that is found out.
Task<Time> Judging::judged_from(const StageRequest& request, std::vector<LoadedRule> loaded, Time released) {
  Prometheus prometheus(http_, spec_.gate.prometheus, Milliseconds{3'000});
  const auto runtime = co_await prometheus.runtime(*request.stop);
  const auto begun = seconds_of(first_start(request));
  if (!runtime || runtime->start_time < begun - clocks_differ) co_return released;
  const auto now = clock_.now();
  const auto up =
      co_await prometheus.query(fmt::format("up[{:.0f}s]", seconds_of(now) - begun + look_back), *request.stop);
  if (!up) co_return request.resume ? released : now;
  co_return std::max(released, std::min(now, complete_since(*up, loaded, runtime->start_time)));
}

Task<Judging::Heard> Judging::first_scrape(const StageRequest& request, Time released) {
  std::set<std::string> names;
  std::set<std::string> waived;
  if (const auto rules = read_rules(request.checkout, spec_.gate.rules)) {
    for (const auto& rule : *rules) {
      if (in_scope(rule)) names.insert(rule.name);
    }
  }
  for (const auto& [proof, reason] : spec_.gate.waivers) waived.insert(proof);
  FirstScrape scrape(std::move(names), std::move(waived));
  Prometheus prometheus(http_, spec_.gate.prometheus, Milliseconds{3'000});
  const auto from = clock_.now();
  std::string told;
  for (;;) {
    const auto targets = co_await prometheus.targets(*request.stop);
    auto loaded = co_await prometheus.rules(*request.stop);
    const auto now = clock_.now();
    auto missing = scrape.missing(targets, loaded);
    if (missing.empty()) {
      auto begin = released;
      if (loaded) begin = co_await judged_from(request, std::move(*loaded), released);
      const auto span = human_duration(std::chrono::duration_cast<Milliseconds>(begin - released));
      request.log->line(begin == released ? std::string("watching since the release")
                                          : "watching from the first complete scrape, " + span + " after the release");
      co_return Heard{{}, begin, std::max(now, begin)};
    }
    if (now - from >= longest_start || scrape.never_completes(targets, loaded))
      co_return Heard{std::move(missing), now, now};
    if (missing != told) request.log->line("waiting for the first complete scrape: " + missing);
    told = std::move(missing);
    co_await clock_.sleep(look_every, *request.stop);
  }
}

Task<Result<GateJudgement>> Judging::judge(const StageRequest& request) {
  GateSpec spec = spec_.gate;
  auto released = kept_moment(request, "/released");
  if (!released) {
    released = clock_.now();
    if (auto kept = keep_moment(request, "/released", *released); !kept) co_return kept.error();
  }
  Heard heard;
  const auto began = kept_moment(request, "/watch-began");
  const auto complete = kept_moment(request, "/watch-complete");
  if (began && complete) {
    heard = {{}, *began, *complete};
  } else {
    heard = co_await first_scrape(request, *released);
    auto kept = keep_moment(request, "/watch-began", heard.begin);
    if (kept && heard.missing.empty()) kept = keep_moment(request, "/watch-complete", heard.complete);
    if (!kept) co_return kept.error();
  }
  const Window window{heard.begin, heard.complete + spec_.duration};
  if (heard.missing.empty()) co_return co_await gate_.judge_over(std::move(spec), window, request, watched_);
  // Not heard of since the release; what did fire counts all the same.
  const Window since{*released, heard.begin};
  const auto span = human_duration(std::chrono::duration_cast<Milliseconds>(since.end - since.begin));
  request.log->line("there was no complete scrape within " + span + ": " + heard.missing);
  auto judgement = co_await gate_.judge_over(std::move(spec), since, request, watched_);
  if (judgement.verdict == GateVerdict::loud) co_return judgement;
  co_return blind_judgement("SCRAPE", "a complete scrape after the release",
                            "no complete scrape within " + span + " of the release: " + heard.missing, since);
}

// What an earlier runner judged of this attempt.
std::optional<GateJudgement> Judging::judged_before(const StageRequest& request) const {
  const auto& judged = request.run_state->stages.at(request.spec.name).judged;
  if (!judged || judged->attempt != request.attempt) return std::nullopt;
  return judged->judgement;
}

StageOutcome Judging::outcome_of_error(const Error& error) const {
  StageOutcome outcome = ready_;
  outcome.outcome = Outcome::error;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

Task<StageOutcome> Judging::run(StageRequest request) {
  auto earlier = judged_before(request);
  Result<std::int64_t> written = std::int64_t{0};
  GateJudgement judgement;
  if (earlier) {
    judgement = std::move(*earlier);
  } else {
    auto judged = co_await judge(request);
    if (!judged) co_return outcome_of_error(judged.error());
    judgement = std::move(*judged);
    std::vector<Event> events;
    events.emplace_back(GateJudged{request.run, request.spec.name, request.attempt, judgement});
    written = co_await request.journal->append(std::move(events));
  }
  bool blamed = false;
  if (judgement.verdict == GateVerdict::loud) blamed = co_await release_did_it(request);
  const auto window = judgement.window;
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
  request.spec.body = watching_body(spec);
  Judging judging(http_, Gate(http_, clock_, deliveries_), clock_, std::move(spec), std::move(ready));
  WatchedStage watched(judging, http_, clock_, nullptr, &judging);
  co_return co_await watched.run(std::move(request));
}

}  // namespace quietgate
