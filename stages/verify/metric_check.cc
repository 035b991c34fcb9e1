#include "stages/verify/metric_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/attempt/expectation.h"
#include "stages/attempt/measurements.h"

namespace quietgate {

namespace {

constexpr double forgiven_at_begin = 5;  // seconds
constexpr double forgiven_share = 0.1;
constexpr double bit = 1e-6;

std::string span(double seconds) {
  return human_duration(Milliseconds(static_cast<std::int64_t>(std::llround(std::max(0.0, seconds) * 10)) * 100));
}

bool upper(Bound::Relation relation) {
  return relation == Bound::Relation::less || relation == Bound::Relation::less_equal;
}

bool lower(Bound::Relation relation) {
  return relation == Bound::Relation::greater || relation == Bound::Relation::greater_equal;
}

Unit unit_of(const MetricCheck& check) {
  bool fraction = std::fabs(check.expect.value) <= 1 && check.expect.value != std::floor(check.expect.value);
  return fraction ? Unit::ratio : Unit::number;
}

// The value of a series that says most about the bound: the one nearest to breaking it, or furthest beyond.
double extreme_of(const std::vector<Sample>& samples, const Bound& bound) {
  double lowest = samples.front().value;
  double highest = lowest;
  for (const auto& sample : samples) {
    lowest = std::min(lowest, sample.value);
    highest = std::max(highest, sample.value);
  }
  if (upper(bound.relation)) return highest;
  if (lower(bound.relation)) return lowest;
  for (const auto& sample : samples) {
    if (!bound.holds(sample.value)) return sample.value;
  }
  return samples.back().value;
}

// `, highest 0.012`: which of the samples the sentence's number is.
std::string extreme_words(const MetricCheck& check, double value) {
  if (upper(check.expect.relation)) return ", highest " + format_quantity(value, unit_of(check));
  if (lower(check.expect.relation)) return ", lowest " + format_quantity(value, unit_of(check));
  return {};
}

// What is missing from a series; empty: nothing that matters.
std::string lack_of(const std::string& name, const std::vector<Sample>& samples, const SampleGrid& grid) {
  int points = grid.points();
  int numbers = 0;
  double first = 0;
  for (const auto& sample : samples) {
    if (!std::isfinite(sample.value)) {
      if (numbers == 0) continue;
      return fmt::format("{} is {} {} into the window: there is no number to judge", name,
                         format_quantity(sample.value, Unit::number), span(sample.time - grid.begin));
    }
    if (numbers++ == 0) first = sample.time;
  }
  if (numbers == 0)
    return fmt::format("{} is NaN at all {} samples: there is no number to judge", name, samples.size());
  // Steps before the first number, as far as they are forgiven, are not asked for.
  int late = static_cast<int>(std::min(first - grid.begin, forgiven_at_begin) / grid.step + bit);
  int wanted = points - late;
  int least = std::max(wanted - static_cast<int>(wanted * forgiven_share), (points + 1) / 2);
  if (numbers >= least) return {};
  return fmt::format("{} has {} of {} samples: too few to judge", name, numbers, points);
}

Check judge_series(const MetricCheck& check, const std::string& name, const Series& series, const SampleGrid& grid) {
  auto broken = std::find_if(series.samples.begin(), series.samples.end(), [&](const Sample& sample) {
    return std::isfinite(sample.value) && !check.expect.holds(sample.value);
  });
  std::vector<Sample> numbers;
  for (const auto& sample : series.samples) {
    if (std::isfinite(sample.value)) numbers.push_back(sample);
  }
  if (broken != series.samples.end()) {
    auto worst_value = extreme_of(numbers, check.expect);
    auto count = std::count_if(numbers.begin(), numbers.end(),
                               [&](const Sample& sample) { return !check.expect.holds(sample.value); });
    return judge(name, worst_value, unit_of(check), check.expect,
                 fmt::format("at {} of {} samples, first {} into the window{}", count, numbers.size(),
                             span(broken->time - grid.begin), extreme_words(check, worst_value)));
  }
  auto lack = lack_of(name, series.samples, grid);
  if (!lack.empty()) return inconclusive_check(check.name, check.expect.text, lack);
  auto value = extreme_of(numbers, check.expect);
  return judge(name, value, unit_of(check), check.expect,
               fmt::format("at all {} samples{}", numbers.size(), extreme_words(check, value)));
}

}  // namespace

int SampleGrid::points() const {
  return end < begin ? 0 : static_cast<int>((end - begin) / step + bit) + 1;
}

Check judge_samples(const MetricCheck& check, const Result<std::vector<Series>>& answer, const SampleGrid& grid) {
  if (!answer) {
    return inconclusive_check(check.name, check.expect.text,
                              fmt::format("{} could not be read: {}", check.name, answer.error().message));
  }
  std::vector<Check> checks;
  for (const auto& series : *answer) {
    if (series.samples.empty()) continue;
    auto labels = answer->size() > 1 ? format_labels(series.labels) : std::string();
    checks.push_back(judge_series(check, labels.empty() ? check.name : check.name + " " + labels, series, grid));
  }
  if (checks.empty()) {
    return inconclusive_check(check.name, check.expect.text, check.name + " gave no data in the window");
  }
  // The worst series speaks for the check.
  auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& candidate) {
    return std::all_of(checks.begin(), checks.end(), [&](const Check& other) {
      return worst(candidate.outcome, other.outcome) == candidate.outcome;
    });
  });
  auto result = *found;
  result.name = check.name;
  if (checks.size() > 1) result.sentence += fmt::format(" ({} series)", checks.size());
  return result;
}

}  // namespace quietgate
