#include "stages/gate/backtest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runner/base/time.h"
#include "stages/gate/gate_evidence.h"
#include "stages/prometheus/inlining.h"

namespace quietgate {

namespace {

constexpr std::size_t most_firings = 100'000;
constexpr std::size_t points_per_call = 10'000;  // the server refuses more than 11,000
constexpr std::size_t fewest_points = 50;
constexpr std::int64_t most_points = 5'000'000;  // of one rule and phase
constexpr int phase_count = 4;
constexpr double coverage_points = 1'000;
constexpr Milliseconds look_up_patience{10'000};

class Backtest {
 public:
  Backtest(Http& http, BacktestOrder order, Stop& stop)
      : order_(std::move(order)),
        stop_(stop),
        prometheus_(http, order_.prometheus, order_.deadline),
        impatient_(http, order_.prometheus, std::min(order_.deadline, look_up_patience)) {}

  Task<Result<BacktestOutcome>> run();

 private:
  Result<void> check_span(double server_now);
  Task<void> compute(RuleOutcome& rule);
  Task<Result<PhaseOutcome>> compute_phase(const RuleOutcome& rule, std::string query, EvaluationGrid grid);
  Task<void> cover(std::vector<std::pair<std::size_t, std::size_t>> places);  // of the rule and of its outcome
  Task<Result<double>> coverage_of(std::string selector);

  BacktestOrder order_;
  Stop& stop_;
  Prometheus prometheus_;
  Prometheus impatient_;
  BacktestOutcome outcome_;
  std::map<std::string, Result<double>> covered_;  // by selector
};

Result<void> Backtest::check_span(double server_now) {
  outcome_.url = prometheus_.url();
  outcome_.span = order_.span;
  outcome_.span.end = std::min(outcome_.span.end, Time(milliseconds_of(std::floor(server_now))));
  if (outcome_.span.begin < outcome_.span.end) return {};
  return user_error(
      fmt::format("the span from {} to {} is empty", iso_time(order_.span.begin), iso_time(outcome_.span.end)),
      "its end is cut off at the server's now, " + iso_time(Time(milliseconds_of(server_now))));
}

Task<Result<PhaseOutcome>> Backtest::compute_phase(const RuleOutcome& rule, std::string query, EvaluationGrid all) {
  FiringRecord record(outcome_.span);
  RuleProgress progress;
  std::size_t most = points_per_call;
  for (std::size_t first = 0; first < all.count;) {
    EvaluationGrid grid{all.at(first), all.step, std::min(most, all.count - first)};
    ++outcome_.calls;
    auto series = co_await prometheus_.query_range(query, seconds_of(grid.begin), seconds_of(grid.at(grid.count - 1)),
                                                   seconds_of(grid.step), stop_);
    if (!series) {
      const bool less_may_do = series.error().cause == ErrorCause::too_much && grid.count > fewest_points;
      if (!less_may_do) co_return series.error();
      most = std::max(fewest_points, grid.count / 5);
      continue;
    }
    auto chunk = evaluate_chunk(std::move(progress), rule.rule, grid, *series);
    if (!chunk) co_return chunk.error();
    progress = std::move(chunk->after);
    if (!record.add(grid, chunk->alerts))
      co_return step_error(fmt::format("fires more than {} times", most_firings), "take a shorter span");
    first += grid.count;
  }
  co_return record.finish();
}

Task<void> Backtest::compute(RuleOutcome& rule) {
  rule.problem = naming_problem(rule.rule);
  if (!rule.problem.empty()) co_return;
  auto inlined = inline_recorded(rule.rule.query, order_.rules, order_.default_interval);
  if (!inlined) {
    rule.problem = inlined.error().message;
    co_return;
  }
  rule.recorded = inlined->recorded;
  rule.approximate = inlined->approximate;
  // An alert that fires when the span begins was pending before.
  const auto ahead = milliseconds_of(rule.rule.duration + rule.rule.keep_firing_for + longest_range_of(inlined->query));
  const auto begin = outcome_.span.begin.time_since_epoch() - ahead;
  const auto end = outcome_.span.end.time_since_epoch();
  if ((end - begin) / rule.interval > most_points) {
    rule.problem = fmt::format("the span holds more than {} evaluations: take a shorter one", most_points);
    co_return;
  }
  for (int phase = 0; phase < phase_count; ++phase) {
    const auto later = rule.interval * phase / phase_count;
    EvaluationGrid grid{(begin / rule.interval) * rule.interval + later, rule.interval, 0};
    if (grid.begin > end) break;
    grid.count = static_cast<std::size_t>((end - grid.begin) / rule.interval) + 1;
    auto done = co_await compute_phase(rule, inlined->query, grid);
    if (!done) {
      rule.problem = done.error().message;
      rule.advice = done.error().advice;
      if (!rule.recorded.empty() && done.error().cause == ErrorCause::not_understood)
        rule.advice = "the expression was asked with its recorded series computed in place";
      co_return;
    }
    rule.phases.push_back(std::move(*done));
  }
}

// The share of the span in which there were samples.
Task<Result<double>> Backtest::coverage_of(std::string selector) {
  const auto begin = seconds_of(outcome_.span.begin.time_since_epoch());
  const auto length = seconds_of(outcome_.span.end - outcome_.span.begin);
  const auto step = std::max(1.0, std::ceil(length / coverage_points));
  const double points = std::floor(length / step) + 1;
  ++outcome_.calls;
  auto counts = co_await prometheus_.query_range(std::move(selector), begin, begin + length, step, stop_);
  if (!counts) co_return counts.error();
  double seen = 0;
  for (const auto& series : *counts) seen += static_cast<double>(series.samples.size());
  co_return std::min(1.0, seen / points);
}

Task<void> Backtest::cover(std::vector<std::pair<std::size_t, std::size_t>> places) {
  for (const auto& need : input_needs(order_.rules)) {
    if (!need.problem.empty()) continue;
    const auto place = std::find_if(places.begin(), places.end(), [&](auto each) { return each.first == need.rule; });
    if (place == places.end() || !outcome_.rules[place->second].problem.empty()) continue;
    auto& rule = outcome_.rules[place->second];
    // What an alert compares with may be there only once something happened; then its wider sibling tells.
    std::string query = "count(" + need.selector + ")";
    if (!need.wider.empty()) query += " or count(" + need.wider + ")";
    if (!covered_.contains(query)) {
      auto share = co_await coverage_of(query);
      covered_.emplace(query, std::move(share));
    }
    const auto& share = covered_.at(query);
    const double known = share ? *share : 0;
    if (known >= rule.inputs) continue;
    rule.inputs = known;
    rule.scarcest = need.selector;
  }
}

Task<Result<BacktestOutcome>> Backtest::run() {
  auto now = co_await impatient_.now(stop_);
  if (!now) co_return now.error();
  if (auto span = check_span(*now); !span) co_return span.error();
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < order_.rules.size(); ++i) {
    const auto& rule = order_.rules[i];
    if (!rule.alerting) continue;
    if (!in_scope(rule)) {
      outcome_.left_out.push_back(rule.name);
      continue;
    }
    if (order_.progress) order_.progress(rule.name);
    places.emplace_back(i, outcome_.rules.size());
    RuleOutcome computed;
    computed.rule = rule;
    computed.interval = milliseconds_of(rule.interval > 0 ? rule.interval : order_.default_interval);
    co_await compute(computed);
    const bool failed = !computed.problem.empty();
    outcome_.rules.push_back(std::move(computed));
    if (!failed) continue;
    auto alive = co_await impatient_.now(stop_);
    if (!alive) co_return alive.error();
  }
  co_await cover(std::move(places));
  co_return std::move(outcome_);
}

}  // namespace

Task<Result<BacktestOutcome>> backtest(Http& http, BacktestOrder order, Stop& stop) {
  Backtest test(http, std::move(order), stop);
  auto outcome = co_await test.run();
  co_return outcome;
}

FiringRecord::FiringRecord(Window span) : begin_(span.begin.time_since_epoch()), end_(span.end.time_since_epoch()) {}

bool FiringRecord::add(const EvaluationGrid& grid, const std::vector<AlertSteps>& alerts) {
  for (const auto& alert : alerts) {
    auto& open = open_[alert.labels];
    for (std::size_t i = 0; i < alert.states.size(); ++i) step(open, alert.labels, alert.states[i], grid.at(i));
    if (open.state == AlertState::inactive) open_.erase(alert.labels);
    if (outcome_.firings.size() > most_firings) return false;
  }
  return true;
}

void FiringRecord::step(Open& open, const Labels& labels, AlertState state, Milliseconds time) {
  const auto before = open.state;
  if (state == before && state != AlertState::firing) return;
  open.state = state;
  if (state == AlertState::firing) {
    if (before != AlertState::firing) open.firing = Firing{labels, time, time, false, false};
    if (time < begin_) open.firing.begun_before = true;
    return;
  }
  if (before == AlertState::firing && time > begin_) {
    open.firing.begin = std::max(open.firing.begin, begin_);
    open.firing.end = time;
    outcome_.firings.push_back(std::move(open.firing));
  }
  if (before == AlertState::pending && time >= begin_) ++outcome_.near_misses;
}

PhaseOutcome FiringRecord::finish() {
  for (auto& [labels, open] : open_) {
    if (open.state != AlertState::firing) continue;
    open.firing.begin = std::max(open.firing.begin, begin_);
    open.firing.end = end_;
    open.firing.goes_on = true;
    outcome_.firings.push_back(std::move(open.firing));
  }
  return std::move(outcome_);
}

}  // namespace quietgate
