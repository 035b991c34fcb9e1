#include "stages/load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>

#include "runner/base/files.h"
#include "runner/base/plain_file.h"
#include "runner/base/time.h"
#include "stages/attempt/expectation.h"
#include "stages/attempt/step.h"
#include "stages/load/chart_svg.h"
#include "stages/load/live_load.h"
#include "stages/load/load_baseline.h"
#include "stages/load/load_judgement.h"
#include "stages/load/scaling_load.h"

namespace quietgate {

namespace {

void tell(const StageRequest& request, const std::vector<Check>& checks) {
  for (const auto& check : checks) request.log->line(fmt::format("{}: {}", to_string(check.outcome), check.sentence));
}

std::string advice_for(const Check& completion) {
  switch (completion.outcome) {
    case Outcome::failed:
      return "read the log, and try the load by hand";
    case Outcome::error:
      return "read the log; a retry may help";
    default:
      return {};
  }
}

// Other artifacts of a stage may be there already.
Result<void> keep_chart(const std::string& directory, const std::string& measurements) {
  const auto chart = svg_chart(parse_measurements(measurements));
  if (chart.empty()) return {};
  if (auto made = make_folder(directory + "/artifacts"); !made) return made;
  return replace_file(directory + "/artifacts/load.svg", chart);
}

std::string describe_load(const LoadSpec& spec, const PlannedLoad& load) {
  const std::string which = load.of == 1 ? "" : fmt::format("load {} of {}: ", load.number, load.of);
  const auto host = load.host.empty() ? std::string() : ", against " + load.host;
  if (spec.locustfile.empty()) return fmt::format("{}{}{}", which, to_string(source_of(spec)), host);
  std::string course;
  for (const auto& phase : spec.phases) {
    course += course.empty() ? "" : ", then ";
    const auto span = human_duration(phase.duration);
    if (phase.users > 0) {
      course += fmt::format("{} users for {}", format_count(phase.users), span);
    } else if (phase.arrivals == phase.arrivals_end) {
      course += fmt::format("{} tasks a second for {}", format_quantity(phase.arrivals, Unit::number), span);
    } else {
      course += fmt::format("{} to {} tasks a second in {}", format_quantity(phase.arrivals, Unit::number),
                            format_quantity(phase.arrivals_end, Unit::number), span);
    }
  }
  if (spec.phases.empty()) {
    course = fmt::format("{} users, {} more a second, for {}", format_count(spec.users),
                         format_quantity(spec.spawn_rate, Unit::number), human_duration(spec.duration));
  } else if (spec.phases.front().users == 0) {
    course += fmt::format(", at most {} users", format_count(spec.users));
  }
  if (spec.workers.count > 0) course += fmt::format(", {} workers", spec.workers.count);
  return fmt::format("{}Locust: {}{}", which, course, host);
}

Check ended_early(const LiveLoad& live, const LoadSpec& spec) {
  const auto ran = human_duration(Milliseconds(static_cast<std::int64_t>(live.report.seconds.size()) * 1000));
  return failed_check("completed", "the whole duration", ran,
                      fmt::format("{}: the load was ended after {} of {}, with {} requests", live.ended_for, ran,
                                  human_duration(spec.duration), format_count(live.report.requests)));
}

// All loads of the stage, in their order: those of a baseline's service in turns with the others (A B, B A, A B, ...),
// so that what changes slowly meets both alike.
std::vector<PlannedLoad> planned_loads(const StageRequest& request, const LoadSpec& spec) {
  const bool other = spec.baseline && !spec.baseline->host.empty();
  std::vector<PlannedLoad> loads;
  for (int round = 0; round < spec.repeat; ++round) {
    for (int side = 0; side < (other ? 2 : 1); ++side) {
      PlannedLoad load;
      load.baseline = other && (side + round) % 2 == 1;
      loads.push_back(load);
    }
  }
  const std::string base = spec.locustfile.empty() ? "load" : "locust";
  for (auto& load : loads) {
    load.number = static_cast<int>(&load - loads.data()) + 1;
    load.of = static_cast<int>(loads.size());
    load.host = load.baseline ? spec.baseline->host : spec.host;
    const auto name = load.number == 1 ? base : fmt::format("{}-{}", base, load.number);
    load.rows = request.directory + "/" + name + ".ndjson";
    load.step = name;
  }
  return loads;
}

// Of the same check of several loads, the worst, and which load it was.
std::vector<Check> worst_of(const std::vector<std::vector<Check>>& loads) {
  if (loads.size() == 1) return loads.front();
  std::vector<Check> merged;
  std::vector<std::size_t> from, judged;
  for (std::size_t load = 0; load < loads.size(); ++load) {
    for (const auto& check : loads[load]) {
      auto same =
          std::find_if(merged.begin(), merged.end(), [&](const Check& other) { return other.name == check.name; });
      if (same == merged.end()) {
        merged.push_back(check);
        from.push_back(load);
        judged.push_back(1);
        continue;
      }
      const auto place = static_cast<std::size_t>(same - merged.begin());
      ++judged[place];
      if (worst(check.outcome, same->outcome) == same->outcome) continue;
      *same = check;
      from[place] = load;
    }
  }
  for (std::size_t i = 0; i < merged.size(); ++i) {
    merged[i].sentence += merged[i].outcome == Outcome::passed
                              ? fmt::format(" (the first of {} loads; the others hold too)", judged[i])
                              : fmt::format(" (load {} of {})", from[i] + 1, loads.size());
  }
  return merged;
}

}  // namespace

// One attempt: its loads one after the other, and what they came to.
class LoadStage::Attempt {
 public:
  Attempt(LoadStage& stage, const StageRequest& request)
      : stage_(stage), request_(request), spec_(spec_of<LoadSpec>(request.spec.body)) {
    if (spec_.autoscaling) replicas_.emplace(stage.http_, stage.steps_, stage.clock_, request, *spec_.autoscaling);
  }

  Task<StageOutcome> run();

 private:
  Task<std::optional<StageOutcome>> run_load(PlannedLoad load);
  Task<void> judge_ended(LiveLoad& live, LoadEnd end);
  void judge_early_end(LiveLoad& live, LoadEnd end);
  Task<void> judge_replicas(LiveLoad& live);
  Task<ScalingLoad> scaling_load(LiveLoad& live, ScalingStory story, std::vector<Sample> ready);
  Task<void> judge_against_baseline();
  StageOutcome conclude();
  ScalingWindow window_of(const LiveLoad& live) const;

  LoadStage& stage_;
  const StageRequest& request_;
  const LoadSpec spec_;
  std::optional<ReplicaWatch> replicas_;
  std::vector<std::unique_ptr<LiveLoad>> loads_;
  std::vector<std::vector<Check>> judged_;  // of each load, the baseline's too
  std::vector<Check> more_;                 // of all loads together
  LoadMeasures measured_;
  LoadMeasures other_;  // the baseline's service
  std::map<std::string, std::string>
      lacking_;  // measures that a load of the commit could not give, and the first reason
  std::vector<Sample> ready_;
  std::vector<Sample> desired_;
  StageOutcome outcome_;
  double offset_ = 0;          // the metrics server's clock less ours, seconds
  std::string clock_problem_;  // why it is not known
  bool complete_ = true;
};

ScalingWindow LoadStage::Attempt::window_of(const LiveLoad& live) const {
  ScalingWindow window;
  window.begin = live.report.begin.value_or(0) + offset_;
  window.end = window.begin + live.report.length.value_or(static_cast<double>(live.report.seconds.size()));
  return window;
}

void LoadStage::Attempt::judge_early_end(LiveLoad& live, LoadEnd end) {
  auto spec = spec_;
  spec.expect.erase("requests");  // how many there would have been is not known
  auto checks = judge_load(live.report, end, spec);
  checks.front() = ended_early(live, spec_);
  outcome_.conclusive = true;
  outcome_.advice = "find the alert's cause in the run's measurements; correct it and push again";
  tell(request_, checks);
  judged_ = {checks};
  complete_ = false;
}

// What happened between the decision and the reach, and what a replica did before and after.
Task<ScalingLoad> LoadStage::Attempt::scaling_load(LiveLoad& live, ScalingStory story, std::vector<Sample> ready) {
  ScalingLoad load;
  load.rate_before = load.rate_after = std::numeric_limits<double>::quiet_NaN();
  if (story.reached_after < 0) co_return load;
  const auto from = milliseconds_of(std::floor(std::max(0.0, story.decided_after)));
  auto during = co_await live.read_again(from, milliseconds_of(story.reached_after));
  load.requests = during.steady_requests;
  load.failures = during.steady_failures;
  load.times = during.steady;
  const auto window = window_of(live);
  const auto rate = [&](std::int64_t begin, std::int64_t end, double replicas) {
    std::int64_t requests = 0;
    for (auto second = begin; second < end; ++second)
      requests += live.report.seconds[static_cast<std::size_t>(second)].requests;
    return end > begin ? static_cast<double>(requests) / static_cast<double>(end - begin) / replicas
                       : std::numeric_limits<double>::quiet_NaN();
  };
  // Never more seconds than there are rows, whatever the source says of its length.
  const auto whole = std::min(static_cast<std::int64_t>(live.report.length.value_or(0)),
                              static_cast<std::int64_t>(live.report.seconds.size()));
  const auto first = static_cast<std::int64_t>(std::max(0.0, story.first_rise_after));
  LoadSpec ramp = spec_;  // its seconds are no measure of a replica, however long the warm-up
  ramp.warm_up = Milliseconds(0);
  const auto all_users = steady_from(live.report, ramp, -1);
  load.rate_before = rate(all_users.count() / 1000, std::min(first, whole), std::max(1.0, story.base));
  const auto reached = static_cast<std::int64_t>(std::ceil(story.reached_after));
  double sum = 0;
  int count = 0;
  for (const auto& sample : ready) {
    const bool counts =
        std::isfinite(sample.value) && sample.time >= window.begin + story.reached_after && sample.time <= window.end;
    if (!counts) continue;
    sum += sample.value;
    ++count;
  }
  if (count > 0) load.rate_after = rate(std::min(reached, whole), whole, sum / count);
  co_return load;
}

Task<void> LoadStage::Attempt::judge_replicas(LiveLoad& live) {
  auto window = window_of(live);
  window.read_until = co_await replicas_->wait_for_end(window, offset_);
  auto series = co_await replicas_->series(window);
  auto desired = co_await replicas_->desired(window);
  more_ = judge_scaling(series, desired, spec_.autoscaling->expect, window);
  if (series) {
    ready_ = *series;
    if (desired) desired_ = *desired;
    auto story = tell_scaling(ready_, desired_, spec_.autoscaling->expect, window);
    auto load = co_await scaling_load(live, story, ready_);
    load.unknown = unheard(desired, window, std::max(0.0, story.reached_after));
    auto checks = judge_scaling_load(load, spec_.autoscaling->expect);
    more_.insert(more_.end(), checks.begin(), checks.end());
  } else {
    outcome_.advice = series.error().advice;
  }
  if (!clock_problem_.empty()) {
    more_.push_back(inconclusive_check(
        "metrics clock", "known",
        "the replicas can't be matched with the load: the metrics server did not tell its time: " + clock_problem_));
  }
  tell(request_, more_);
}

Task<void> LoadStage::Attempt::judge_ended(LiveLoad& live, LoadEnd end) {
  if (replicas_) {
    auto theirs = co_await replicas_->clock_offset();
    if (theirs) {
      offset_ = *theirs;
    } else {
      clock_problem_ = theirs.error().message;
      request_.log->line("the metrics server did not tell its time: " + clock_problem_);
    }
  }
  if (live.report.begin) {
    const auto window = window_of(live);
    if (!outcome_.window) outcome_.window = Window{time_at(window.begin), {}};
    outcome_.window->end = time_at(window.end);
  }
  if (!live.ended_for.empty()) {
    judge_early_end(live, end);
    co_return;
  }
  const auto root = std::filesystem::weakly_canonical(request_.checkout).string();
  if (auto incomplete = judge_completion(live.report, end, spec_, root)) {
    if (live.planned.of > 1)
      incomplete->sentence =
          fmt::format("load {} of {}: {}", live.planned.number, live.planned.of, incomplete->sentence);
    judged_ = {{*incomplete}};
    complete_ = false;
    outcome_.advice = advice_for(*incomplete);
    tell(request_, judged_.front());
    co_return;
  }
  // The steady state is known only now: with the users that came, and the replicas.
  double scaled_after = -1;
  if (replicas_) {
    auto window = window_of(live);
    window.read_until = window.end;
    auto series = co_await replicas_->series(window);
    if (series) scaled_after = tell_scaling(*series, {}, spec_.autoscaling->expect, window).first_rise_after;
  }
  const auto from = steady_from(live.report, spec_, scaled_after);
  if (from != spec_.warm_up) live.report = co_await live.read_again(from);
  const auto measures = measures_of(live.report);
  for (const auto& [name, value] : measures.values) (live.planned.baseline ? other_ : measured_)[name].push_back(value);
  if (!live.planned.baseline) {
    for (const auto& [name, why] : measures.lacking)
      lacking_.emplace(name, fmt::format("load {} of {} had {}", live.planned.number, live.planned.of, why));
  }
  // The baseline's bounds are not what is judged; that it was the load asked for is.
  auto checks = live.planned.baseline ? judge_course(live.report, spec_) : judge_load(live.report, end, spec_);
  if (live.planned.baseline) {
    for (auto& check : checks) check.name = "baseline " + check.name;
  }
  if (live.planned.of > 1) {
    request_.log->line(fmt::format("load {} of {}{}:", live.planned.number, live.planned.of,
                                   live.planned.baseline ? " (the baseline)" : ""));
  }
  tell(request_, checks);
  judged_.push_back(std::move(checks));
  if (replicas_) co_await judge_replicas(live);
}

// An answer ends the attempt.
Task<std::optional<StageOutcome>> LoadStage::Attempt::run_load(PlannedLoad load) {
  auto process = prepare_load(request_, spec_, load);
  if (!process) co_return outcome_of(process.error());
  const bool running_already = request_.resume && stage_.steps_.status(process->name).ok();
  if (replicas_ && !running_already) {
    auto base = co_await replicas_->base();
    if (!base) {
      auto outcome = outcome_of(base.error());
      outcome.outcome = Outcome::inconclusive;
      outcome.checks = {inconclusive_check("autoscaling", "replica counts", base.error().message)};
      co_return outcome;
    }
    request_.log->line(format_replicas(*base) + " before the load");
  }
  if (!running_already) request_.log->line(describe_load(spec_, load));
  loads_.push_back(std::make_unique<LiveLoad>(request_, spec_, load, running_already, replicas_ ? &*replicas_ : nullptr,
                                              stage_.clock_, stage_.metrics_));
  auto& live = *loads_.back();
  auto end = co_await live.run(stage_.steps_, std::move(*process));
  if (!end) co_return outcome_of(end.error());
  co_await judge_ended(live, *end);
  co_return std::nullopt;
}

Task<void> LoadStage::Attempt::judge_against_baseline() {
  LoadBase base;
  base.name = spec_.baseline->host;
  base.alternating = !base.name.empty();
  if (base.alternating) {
    base.runs = {other_};
  } else {
    base.name = "promoted commits";
    if (stage_.catalog_ != nullptr) {
      auto loads = co_await promoted_loads(*stage_.catalog_, request_);
      if (!loads) {
        more_.push_back(inconclusive_check("baseline", "loads of promoted commits", loads.error().message));
        co_return;
      }
      base.runs = std::move(*loads);
    }
  }
  auto checks = judge_baseline(*spec_.baseline, base, measured_, lacking_);
  tell(request_, checks);
  more_.insert(more_.end(), checks.begin(), checks.end());
}

// The checks, and the whole of what was judged, on one clock, in place of what was drawn meanwhile.
StageOutcome LoadStage::Attempt::conclude() {
  outcome_.checks = worst_of(judged_);
  outcome_.checks.insert(outcome_.checks.end(), more_.begin(), more_.end());
  auto summary = summarise(outcome_.checks);
  outcome_.outcome = summary.outcome;
  outcome_.reason = summary.sentence;
  if (complete_) outcome_.measured = measured_;
  Measurements all;
  for (const auto& load : loads_) add_measurements(all, *load, offset_);
  all.add("replicas", ready_);
  all.add("replicas_desired", desired_);
  auto kept = replace_file(request_.directory + "/measurements.ndjson", all.text());
  if (kept) kept = keep_chart(request_.directory, all.text());
  if (!kept && outcome_.outcome != Outcome::failed) {
    outcome_.outcome = Outcome::error;
    outcome_.reason = kept.error().message;
    outcome_.advice = kept.error().advice;
  }
  return outcome_;
}

Task<StageOutcome> LoadStage::Attempt::run() {
  const auto loads = planned_loads(request_, spec_);
  for (const auto& load : loads) {
    auto ended = co_await run_load(load);
    if (ended) co_return *ended;
    if (!complete_) break;
  }
  if (complete_ && spec_.baseline) co_await judge_against_baseline();
  co_return conclude();
}

Task<StageOutcome> LoadStage::run(StageRequest request) {
  Attempt attempt(*this, request);
  co_return co_await attempt.run();
}

}  // namespace quietgate
