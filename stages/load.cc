#include "stages/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <utility>

#include "stages/expectation.h"
#include "stages/load_judgement.h"
#include "stages/load_report.h"
#include "stages/locust.h"
#include "stages/measurements.h"
#include "stages/replica_watch.h"

namespace quietgate {

namespace {

constexpr Milliseconds time_to_begin{60'000};  // for Locust to come up and read the locustfile
constexpr Milliseconds time_to_end{60'000};    // beyond the duration
constexpr std::size_t seconds_between_lines = 5;
constexpr const char* alarm_file = "/alarm";

Time to_time(double seconds) {
  return Time(Milliseconds(std::llround(seconds * 1000)));
}

void add_load(Measurements& to, const LoadReport& report, std::size_t index, double offset) {
  const auto& second = report.seconds[index];
  double begin = report.begin.value_or(0) + offset + static_cast<double>(index);
  double width = 1;
  if (report.length) width = std::clamp(*report.length - static_cast<double>(index), 0.001, 1.0);
  double at = begin + width;
  // The last second is cut short: its counts are no rates.
  if (width > 0.5) {
    to.add("load.requests_per_second", at, static_cast<double>(second.requests) / width);
    to.add("load.failures_per_second", at, static_cast<double>(second.failures) / width);
  }
  to.add("load.users", at, second.users);
  to.add("load.p50_ms", at, second.p50);
  to.add("load.p95_ms", at, second.p95);
  to.add("load.p99_ms", at, second.p99);
}

// This load's part in the counters: active as long as it lives.
class Counted {
 public:
  Counted(LoadCounters* counters, const std::string& repository)
      : to_(counters == nullptr ? nullptr : &counters->by_repository[repository]) {
    if (to_ != nullptr) ++to_->active;
  }
  ~Counted() {
    if (to_ != nullptr) --to_->active;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  // What the first reading finds was counted by an earlier runner.
  void begin_late() { late_ = true; }
  void count(std::int64_t requests, std::int64_t failures) {
    if (to_ == nullptr) return;
    if (std::exchange(late_, false)) {
      requests_ = requests;
      failures_ = failures;
    }
    to_->requests += std::max<std::int64_t>(0, requests - requests_);
    to_->failed += std::max<std::int64_t>(0, failures - failures_);
    requests_ = requests;
    failures_ = failures;
  }

 private:
  LoadCounters::Counts* to_;
  bool late_ = false;
  std::int64_t requests_ = 0;
  std::int64_t failures_ = 0;
};

// One attempt while Locust runs: what has been read, said and drawn of it so far.
struct Live {
  Live(const StageRequest& from, ReplicaWatch* watch, Clock& ticking, LoadCounters* counters)
      : request(from),
        spec(std::get<LoadSpec>(from.spec.body)),
        replicas(watch),
        clock(ticking),
        report(spec.warm_up),
        rows(from.directory + "/locust.ndjson"),
        drawn(from.directory + "/measurements.ndjson", std::ios::binary | std::ios::trunc),
        started(ticking.now()),
        counted(std::in_place, counters, from.run.repository) {}

  void read();
  void resume();
  std::optional<std::string> must_end();

  const StageRequest& request;
  const LoadSpec& spec;
  ReplicaWatch* replicas;
  Clock& clock;
  LoadReport report;
  LocustRows rows;
  std::ofstream drawn;
  Time started;
  std::optional<Counted> counted;  // while Locust runs
  std::string ended_for;           // the alarm that ended the load
  std::size_t told = 0;            // seconds that a progress line was considered for
};

void Live::read() {
  rows.read_into(report);
  if (counted) counted->count(report.requests, report.failures);
  if (told == report.seconds.size()) return;
  Measurements fresh;
  bool line = false;
  for (; told < report.seconds.size(); ++told) {
    add_load(fresh, report, told, 0);
    line = line || (told + 1) % seconds_between_lines == 0;
  }
  drawn << fresh.text() << std::flush;
  auto progress = progress_of(report, spec.duration);
  if (line && !report.finished) request.log->line(to_line(progress));
  (void)replace_file(request.directory + "/progress.json", to_json(progress) + "\n");
}

// What an earlier runner knew.
void Live::resume() {
  std::ifstream file(request.directory + alarm_file, std::ios::binary);
  std::getline(file, ended_for);
  counted->begin_late();
}

std::optional<std::string> Live::must_end() {
  if (ended_for.empty() && request.alarm != nullptr && !request.alarm->empty() && !report.finished) {
    ended_for = *request.alarm;
    request.log->line(ended_for + ": the load is ended");
    // Before the effect: the next runner would take the end for Locust's own misfortune, and try again.
    (void)replace_file(request.directory + alarm_file, ended_for);
    return ended_for;
  }
  if (!ended_for.empty() && !report.finished) return ended_for;
  if (!report.damage.empty()) return "its rows make no sense";
  if (hopeless(report)) return "it raises nothing but exceptions";
  auto limit = report.begin ? to_time(*report.begin) + spec.duration + time_to_end : started + time_to_begin;
  if (clock.now() <= limit || report.finished) return std::nullopt;
  return report.begin ? fmt::format("it still ran {} after its load should have ended", human_duration(time_to_end))
                      : fmt::format("it did not begin its load within {}", human_duration(time_to_begin));
}

Task<std::optional<std::string>> follow(Live& live) {
  live.read();
  bool fresh_count = false;
  if (live.replicas != nullptr) fresh_count = co_await live.replicas->look();
  if (fresh_count) {
    Measurements fresh;
    fresh.add("replicas", live.replicas->newest().time, live.replicas->newest().value);
    live.drawn << fresh.text() << std::flush;
  }
  co_return live.must_end();
}

StageOutcome outcome_of(const Error& error) {
  StageOutcome outcome;
  outcome.outcome = error.kind == ErrorKind::infrastructure ? Outcome::error : Outcome::failed;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

void tell(const StageRequest& request, const std::vector<Check>& checks) {
  for (const auto& check : checks) request.log->line(fmt::format("{}: {}", to_string(check.outcome), check.sentence));
}

std::string advice_for(const Check& completion) {
  switch (completion.outcome) {
    case Outcome::failed:
      return "see the log; try it with `locust --headless -f LOCUSTFILE`";
    case Outcome::error:
      return "see the log; a retry may help";
    default:
      return {};
  }
}

// The whole of what was judged, on one clock, in place of what was drawn meanwhile.
void keep_measurements(const Live& live, double offset, const Result<std::vector<Sample>>& replicas,
                       StageOutcome& outcome) {
  Measurements all;
  for (std::size_t index = 0; index < live.report.seconds.size(); ++index) add_load(all, live.report, index, offset);
  if (replicas) all.add("replicas", *replicas);
  auto kept = replace_file(live.request.directory + "/measurements.ndjson", all.text());
  if (kept || outcome.outcome == Outcome::failed) return;
  outcome.outcome = Outcome::error;
  outcome.reason = kept.error().message;
  outcome.advice = kept.error().advice;
}

// Adds the autoscaling checks; answers the replica series.
Task<Result<std::vector<Sample>>> judge_replicas(Live& live, ScalingWindow window, double offset,
                                                 StageOutcome& outcome) {
  window.read_until = co_await live.replicas->wait_for_end(window, offset);
  auto series = co_await live.replicas->series(window);
  auto checks = judge_scaling(series, live.spec.autoscaling->expect, window);
  tell(live.request, checks);
  if (!series) outcome.advice = series.error().advice;
  outcome.checks.insert(outcome.checks.end(), checks.begin(), checks.end());
  co_return series;
}

Check ended_early(const Live& live) {
  const auto ran = human_duration(Milliseconds(static_cast<std::int64_t>(live.report.seconds.size()) * 1000));
  return failed_check("completed", "the whole duration", ran,
                      fmt::format("{}: the load was ended after {} of {}, with {} requests", live.ended_for, ran,
                                  human_duration(live.spec.duration), format_count(live.report.requests)));
}

Task<StageOutcome> judge_all(Live& live, LocustEnd end) {
  StageOutcome outcome;
  double offset = 0;
  Result<std::vector<Sample>> replicas = infrastructure_error("no replicas were asked for");
  if (live.replicas != nullptr) {
    auto theirs = co_await live.replicas->clock_offset();
    if (theirs) offset = *theirs;
  }
  ScalingWindow window;
  window.begin = live.report.begin.value_or(0) + offset;
  window.end = window.begin + live.report.length.value_or(static_cast<double>(live.report.seconds.size()));
  if (live.report.begin) outcome.window = Window{to_time(window.begin), to_time(window.end)};
  auto root = std::filesystem::weakly_canonical(live.request.checkout).string();
  auto incomplete = live.ended_for.empty() ? judge_completion(live.report, end, live.spec, root) : std::nullopt;
  if (!live.ended_for.empty()) {
    outcome.checks = judge_load(live.report, end, live.spec);
    outcome.checks.front() = ended_early(live);
    // How many there would have been is not known.
    std::erase_if(outcome.checks, [](const Check& check) { return check.name == "requests"; });
    outcome.conclusive = true;
    outcome.advice = "find what the alert saw in the run's measurements; correct it and push again";
    tell(live.request, outcome.checks);
  } else if (incomplete) {
    outcome.checks = {*incomplete};
    outcome.advice = advice_for(*incomplete);
    tell(live.request, outcome.checks);
  } else {
    outcome.checks = judge_load(live.report, end, live.spec);
    tell(live.request, outcome.checks);
    if (live.replicas != nullptr) replicas = co_await judge_replicas(live, window, offset, outcome);
  }
  auto summary = summarise(outcome.checks);
  outcome.outcome = summary.outcome;
  outcome.reason = summary.sentence;
  keep_measurements(live, offset, replicas, outcome);
  co_return outcome;
}

}  // namespace

Task<StageOutcome> LoadStage::run(StageRequest request) {
  const auto& spec = std::get<LoadSpec>(request.spec.body);
  auto process = prepare_locust(request);
  if (!process) co_return outcome_of(process.error());
  std::optional<ReplicaWatch> replicas;
  if (spec.autoscaling) replicas.emplace(http_, clock_, *spec.autoscaling, *request.log, *request.stop);
  bool running_already = request.resume && processes_.status(process->directory).ok();
  if (replicas && !running_already) {
    auto base = co_await replicas->base();
    if (!base) {
      auto outcome = outcome_of(base.error());
      outcome.outcome = Outcome::inconclusive;
      outcome.checks = {inconclusive_check("autoscaling", "replica counts", base.error().message)};
      co_return outcome;
    }
    request.log->line(format_replicas(*base) + " before the load");
  }
  if (!running_already) {
    request.log->line(fmt::format("Locust: {} users, {} more a second, for {}, against {}", format_count(spec.users),
                                  format_quantity(spec.spawn_rate, Unit::number), human_duration(spec.duration),
                                  spec.host));
  }
  Live live(request, replicas ? &*replicas : nullptr, clock_, counters_);
  if (request.resume) live.resume();
  auto end = co_await run_locust(processes_, clock_, *process, *request.stop, [&live] { return follow(live); });
  if (!end) co_return outcome_of(end.error());
  live.read();
  live.counted.reset();
  co_return co_await judge_all(live, *end);
}

}  // namespace quietgate
