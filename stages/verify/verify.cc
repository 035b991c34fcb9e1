#include "stages/verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runner/base/plain_file.h"
#include "runner/base/time.h"
#include "stages/attempt/expectation.h"
#include "stages/attempt/measurements.h"
#include "stages/prometheus/prometheus.h"
#include "stages/verify/metric_check.h"
#include "stages/verify/verify_spec.h"

namespace quietgate {

namespace {

constexpr double longest_wait = 600;  // seconds

std::string rounded_span(double seconds) {
  return human_duration(Milliseconds(static_cast<std::int64_t>(std::llround(std::max(0.0, seconds) * 10)) * 100));
}

// The grid to judge over, once the server's clock is past its end.
Task<Result<SampleGrid>> settle_window(Prometheus& prometheus, Clock& clock, const StageRequest& request) {
  const auto spec = spec_of<VerifySpec>(request.spec.body);
  auto now = co_await prometheus.now(*request.stop);
  if (!now) co_return now.error();
  SampleGrid grid;
  grid.step = std::max(0.001, seconds_of(spec.step));
  if (spec.during.empty()) {
    grid.end = std::floor(*now * 1000) / 1000;
    grid.begin = grid.end - seconds_of(spec.last);
    co_return grid;
  }
  auto during = request.finished.find(spec.during);
  if (during == request.finished.end() || !during->second.window) {
    co_return infrastructure_error(fmt::format("stage `{}` left no window to judge", spec.during),
                                   "`during` must name a load stage that ran to its end");
  }
  grid.begin = seconds_of(during->second.window->begin.time_since_epoch());
  grid.end = seconds_of(during->second.window->end.time_since_epoch());
  while (*now < grid.end) {
    if (grid.end - *now > longest_wait) {
      co_return infrastructure_error(fmt::format("the clock of {} is {} behind the end of the window", prometheus.url(),
                                                 rounded_span(grid.end - *now)),
                                     "check the clocks of the machines");
    }
    co_await clock.sleep(Milliseconds(std::llround((grid.end - *now) * 1000) + 20), *request.stop);
    now = co_await prometheus.now(*request.stop);
    if (!now) co_return now.error();
  }
  co_return grid;
}

Window to_window(const SampleGrid& grid) {
  return {Time(Milliseconds(std::llround(grid.begin * 1000))), Time(Milliseconds(std::llround(grid.end * 1000)))};
}

void record(Measurements& measurements, const MetricCheck& check, const Result<std::vector<Series>>& answer) {
  if (!answer) return;
  for (const auto& series : *answer) {
    auto labels = answer->size() > 1 ? format_labels(series.labels) : std::string();
    measurements.add(labels.empty() ? check.name : check.name + " " + labels, series.samples);
  }
}

StageOutcome blind(const Error& error) {
  StageOutcome outcome;
  outcome.outcome = Outcome::inconclusive;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

}  // namespace

Task<StageOutcome> VerifyStage::run(StageRequest request) {
  const auto spec = spec_of<VerifySpec>(request.spec.body);
  Prometheus prometheus(http_, spec.prometheus);
  auto grid = co_await settle_window(prometheus, clock_, request);
  if (!grid) co_return blind(grid.error());
  request.log->line(fmt::format("judging {} to {} ({} samples each) on {}", iso_time(to_window(*grid).begin),
                                iso_time(to_window(*grid).end), grid->points(), prometheus.url()));
  StageOutcome outcome;
  outcome.window = to_window(*grid);
  Measurements measurements;
  for (const auto& check : spec.checks) {
    auto answer = co_await prometheus.query_range(check.query, grid->begin, grid->end, grid->step, *request.stop);
    record(measurements, check, answer);
    outcome.checks.push_back(judge_samples(check, answer, *grid));
    const auto& result = outcome.checks.back();
    request.log->line(fmt::format("{}: {}", to_string(result.outcome), result.sentence));
    if (!answer && outcome.advice.empty()) outcome.advice = answer.error().advice;
  }
  auto summary = summarise(outcome.checks);
  outcome.outcome = summary.outcome;
  outcome.reason = summary.sentence;
  auto written = replace_file(request.directory + "/measurements.ndjson", measurements.text());
  if (!written) {
    request.log->line(written.error().message);
    if (outcome.outcome != Outcome::failed) {
      outcome.outcome = Outcome::error;
      outcome.reason = written.error().message;
      outcome.advice = written.error().advice;
    }
  }
  co_return outcome;
}

}  // namespace quietgate
