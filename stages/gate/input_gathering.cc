#include "stages/gate/input_gathering.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

// In one question. What Prometheus needs for a chain of `and` grows with the cube of its length: 0.1 s for 32 inputs,
// 7 s for 128; for 16 it is less than for 16 questions.
constexpr std::size_t most_together = 16;

// How many series have a fresh sample. A series with timestamps of its own would else pass for five minutes after its
// last sample, and NaN compares with nothing.
std::string input_query(const std::string& selector, double scrape, double interval) {
  const double fresh = std::max(5.0, 3 * std::max(scrape, interval));
  return fmt::format("count({} >= -Inf and last_over_time({}))", selector, with_range(selector, range_text(fresh)));
}

// One series with a sample at each step at which every one of the selectors has a fresh sample.
std::string inputs_query(const std::vector<std::string>& selectors, double scrape, double interval) {
  std::string query;
  for (const auto& selector : selectors)
    query += (query.empty() ? "" : " and ") + input_query(selector, scrape, interval);
  return query;
}

}  // namespace

Task<void> InputGathering::gather() {
  std::set<std::string> fleeting;
  const GroupIntervals intervals(evidence_);
  const auto needs = input_needs(evidence_.rules);
  for (const auto& need : needs) {
    const double interval = intervals.of(evidence_.rules[need.rule].group);
    if (!need.wider.empty() || !need.witness.empty() || !need.sibling.empty()) fleeting.insert(need.selector);
    for (const auto& selector : {need.selector, need.wider, need.witness, need.sibling}) {
      if (selector.empty()) continue;
      auto [found, is_new] = evidence_.inputs.try_emplace(selector);
      if (is_new || interval < found->second.step) found->second.step = interval;
    }
  }
  const double scrape = evidence_.targets ? longest_scrape_of(*evidence_.targets) : 0;
  // What may rightly be absent is asked about alone: it would only spoil the answer about others.
  std::map<double, std::vector<std::string>> steady;
  for (const auto& [selector, input] : evidence_.inputs) {
    if (fleeting.contains(selector)) {
      std::vector<std::string> one{selector};  // named: g++ 12 destroys a temporary of a co_await twice
      co_await count(std::move(one), scrape);
    } else {
      steady[input.step].push_back(selector);
    }
  }
  for (const auto& [step, selectors] : steady) {
    for (std::size_t first = 0; first < selectors.size(); first += most_together) {
      const auto last = std::min(selectors.size(), first + most_together);
      std::vector<std::string> some(selectors.begin() + static_cast<std::ptrdiff_t>(first),
                                    selectors.begin() + static_cast<std::ptrdiff_t>(last));
      co_await count(std::move(some), scrape);
    }
  }
  co_await ask_for_descriptions(needs);
}

// Most inputs are there at each step, which one question can tell of many. Where one is missing, or the server has no
// answer for many at once, each is asked about for itself.
Task<void> InputGathering::count(std::vector<std::string> selectors, double scrape) {
  const double step = evidence_.inputs.at(selectors.front()).step;
  Result<std::vector<Series>> counts = not_asked<std::vector<Series>>();
  const bool alone = selectors.size() == 1;
  if (alone || together_) {
    auto query = inputs_query(selectors, scrape, step);
    counts = co_await server_.query_range(std::move(query), evidence_.begin, evidence_.end, step);
    if (!counts && !alone) together_ = false;
  }
  if (alone || server_.gone() || has_every_step(counts, evidence_, step)) {
    for (const auto& selector : selectors) evidence_.inputs.at(selector).counts = counts;
    co_return;
  }
  for (auto& selector : selectors) {
    std::vector<std::string> one{std::move(selector)};
    co_await count(std::move(one), scrape);
  }
}

Task<void> InputGathering::ask_for_descriptions(const std::vector<InputNeed>& needs) {
  for (const auto& need : needs) {
    if (need.metric.empty() || evidence_.described.contains(need.metric)) continue;
    auto known = co_await server_.describes(need.metric);
    evidence_.described.emplace(need.metric, std::move(known));
  }
}

}  // namespace quietgate
