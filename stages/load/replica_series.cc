#include "stages/load/replica_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

constexpr double step = 1;            // seconds between the values
constexpr double longest_age = 5.25;  // the hole of five seconds, and what a scrape takes
constexpr double same_moment = 0.01;

// The oldest sample that stands behind the value at this moment; nothing when there is none.
std::optional<double> oldest_behind(double moment, const std::vector<std::vector<Sample>>& stamps) {
  std::optional<double> oldest;
  for (const auto& series : stamps) {
    const auto found = std::lower_bound(series.begin(), series.end(), moment - same_moment,
                                        [](const Sample& sample, double time) { return sample.time < time; });
    if (found == series.end() || found->time > moment + same_moment || !std::isfinite(found->value)) continue;
    oldest = std::min(found->value, oldest.value_or(found->value));
  }
  return oldest;
}

}  // namespace

Result<std::vector<Sample>> single_series(const Result<std::vector<Series>>& answer) {
  if (!answer) return answer.error();
  if (answer->empty()) {
    return infrastructure_error("the replica query gave no data",
                                "check that the query names an existing metric and that its target is up");
  }
  if (answer->size() > 1) {
    return user_error(fmt::format("the replica query gave {} series instead of one", answer->size()),
                      "aggregate it to one number, for example with sum(...)");
  }
  return answer->front().samples;
}

Result<std::vector<std::string>> stamp_queries(const std::string& query) {
  auto selectors = selectors_of(query);
  if (!selectors) return selectors.error();
  std::vector<std::string> queries;
  for (const auto& selector : *selectors) {
    const double behind = behind_of(selector);
    if (!std::isfinite(behind)) {
      return user_error(fmt::format("`{}` of the replica query looks at one moment only", to_string(selector)),
                        "ask for the replicas as they are, without `@`");
    }
    queries.push_back(fmt::format("min(timestamp({})){}", to_string(selector),
                                  behind == 0 ? std::string() : fmt::format(" + {}", behind)));
  }
  return queries;
}

std::vector<Sample> known_counts(const std::vector<Sample>& values, const std::vector<std::vector<Sample>>& stamps) {
  if (stamps.empty()) return values;
  std::vector<Sample> known;
  for (const auto& value : values) {
    const auto oldest = oldest_behind(value.time, stamps);
    if (!oldest) continue;
    if (value.time - *oldest <= longest_age) {
      known.push_back(value);
      continue;
    }
    while (!known.empty() && known.back().time > *oldest + step) known.pop_back();
  }
  return known;
}

}  // namespace quietgate
