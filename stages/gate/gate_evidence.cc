#include "stages/gate/gate_evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

constexpr double default_interval = 60;  // seconds

struct Asked {
  Selector selector;
  bool recorded = false;
};

using Recorders = std::map<std::string, std::vector<const ExpectedRule*>>;  // by the name of what they record

Recorders recorders_of(const std::vector<ExpectedRule>& rules) {
  Recorders recorders;
  for (const auto& rule : rules) {
    if (!rule.alerting) recorders[rule.name].push_back(&rule);
  }
  return recorders;
}

// The selectors of a query with those of recorded series followed to what records them.
Result<std::vector<Asked>> asked_for(const Recorders& recorders, const std::string& query,
                                     std::set<std::string>& followed) {
  auto direct = selectors_of(query);
  if (!direct) return direct.error();
  std::vector<Asked> all;
  for (auto& selector : *direct) {
    if (selector.metric == "ALERTS" || selector.metric == "ALERTS_FOR_STATE") continue;  // there only when one fires
    const auto found = recorders.find(selector.metric);
    const bool recorded = found != recorders.end();
    for (const auto* rule : recorded ? found->second : std::vector<const ExpectedRule*>()) {
      if (!followed.insert(rule->group + "\n" + rule->name + "\n" + rule->query).second) continue;
      auto below = asked_for(recorders, rule->query, followed);
      if (!below) return below.error();
      all.insert(all.end(), below->begin(), below->end());
    }
    // A recorded series may rightly be absent while nothing happens; a label that no series of it has is wrong.
    if (!recorded || !selector.matchers.empty()) all.push_back({std::move(selector), recorded});
  }
  return all;
}

// The widest selector beside which this one may be absent, or nothing.
std::optional<Selector> wider_than(const Asked& asked, const std::vector<Asked>& all) {
  if (asked.recorded) return Selector{asked.selector.metric, {}, asked.selector.moment};
  std::optional<Selector> wider;
  for (const auto& other : all) {
    if (!witness_of(asked.selector, other.selector).empty()) wider = other.selector;
  }
  return wider;
}

// absent() fires on what is not there; ALERTS on other alerts.
bool asks_without_series(const std::string& query) {
  return query.find("absent") != std::string::npos || query.find("ALERTS") != std::string::npos;
}

}  // namespace

double interval_of(const GateEvidence& evidence, const std::string& group) {
  if (evidence.loaded) {
    for (const auto& rule : *evidence.loaded) {
      if (rule.group == group && rule.interval > 0) return rule.interval;
    }
  }
  for (const auto& rule : evidence.rules) {
    if (rule.group == group && rule.interval > 0) return rule.interval;
  }
  return default_interval;
}

double longest_interval(const GateEvidence& evidence) {
  double longest = 0;
  const std::string* last = nullptr;  // a group's rules stand together
  for (const auto& rule : evidence.rules) {
    if (last != nullptr && rule.group == *last) continue;
    last = &rule.group;
    longest = std::max(longest, interval_of(evidence, rule.group));
  }
  return longest > 0 ? longest : default_interval;
}

GroupIntervals::GroupIntervals(const GateEvidence& evidence) {
  const auto take = [this](const auto& rules) {
    const std::string* last = nullptr;  // a group's rules stand together
    for (const auto& rule : rules) {
      if (!(rule.interval > 0) || (last != nullptr && rule.group == *last)) continue;
      last = &rule.group;
      seconds_.emplace(rule.group, rule.interval);
    }
  };
  if (evidence.loaded) take(*evidence.loaded);
  take(evidence.rules);
}

double GroupIntervals::of(const std::string& group) const {
  const auto found = seconds_.find(group);
  return found == seconds_.end() ? default_interval : found->second;
}

LoadedIndex::LoadedIndex(const GateEvidence& evidence) {
  if (!evidence.loaded) return;
  for (const auto& rule : *evidence.loaded) rules_[{rule.group, rule.name, rule.alerting}].push_back(&rule);
}

const std::vector<const LoadedRule*>& LoadedIndex::as(const ExpectedRule& rule) const {
  static const std::vector<const LoadedRule*> none;
  const auto found = rules_.find({rule.group, rule.name, rule.alerting});
  return found == rules_.end() ? none : found->second;
}

std::size_t steps_of(const GateEvidence& evidence, double step) {
  return static_cast<std::size_t>(std::floor((evidence.end - evidence.begin) / step + 1e-6)) + std::size_t{1};
}

bool has_every_step(const Result<std::vector<Series>>& counts, const GateEvidence& evidence, double step) {
  if (!counts) return false;
  std::size_t found = 0;
  for (const auto& series : *counts) {
    found += static_cast<std::size_t>(
        std::count_if(series.samples.begin(), series.samples.end(), [](const Sample& one) { return one.value >= 1; }));
  }
  return found >= steps_of(evidence, step);
}

std::vector<InputNeed> input_needs(const std::vector<ExpectedRule>& rules) {
  std::vector<InputNeed> needs;
  const auto recorders = recorders_of(rules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!in_scope(rules[i])) continue;
    std::set<std::string> followed;
    auto all = asked_for(recorders, rules[i].query, followed);
    if (!all) {
      needs.push_back({i, {}, 0, {}, {}, "has an expression that can't be read: " + all.error().message, {}, {}});
      continue;
    }
    if (all->empty() && followed.empty() && !asks_without_series(rules[i].query))
      needs.push_back({i, {}, 0, {}, {}, "asks for no series: nothing that happens makes it fire", {}, {}});
    for (const auto& asked : *all) {
      InputNeed need{i, to_string(asked.selector), behind_of(asked.selector), {}, {}, {}, {}, {}};
      if (const auto sibling = rules[i].annotations.find("gate_sibling");
          sibling != rules[i].annotations.end() && !asked.recorded && !asked.selector.metric.empty()) {
        const auto named = selectors_of(sibling->second);
        if (!named || named->size() != 1) {
          need.problem = "can't be proved: its annotation `gate_sibling` is not one selector";
        } else if (to_string(named->front()) != need.selector) {
          need.sibling = to_string(named->front());
          need.metric = asked.selector.metric;
        }
      }
      if (auto wider = wider_than(asked, *all)) {
        need.wider = to_string(*wider);
        need.witness = witness_of(asked.selector, *wider);
      }
      needs.push_back(std::move(need));
    }
  }
  return needs;
}

}  // namespace quietgate
