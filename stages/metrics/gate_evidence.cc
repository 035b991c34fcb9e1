#include "stages/metrics/gate_evidence.h"

#include <algorithm>
#include <set>

#include "stages/metrics/selectors.h"

namespace quietgate {

namespace {

// The selectors of a query with those of recorded series replaced by what records them.
Result<std::vector<Selector>> scraped_selectors(const std::vector<ExpectedRule>& rules, const std::string& query,
                                                std::set<std::string>& followed) {
  auto direct = selectors_of(query);
  if (!direct) return direct.error();
  std::vector<Selector> all;
  for (auto& selector : *direct) {
    if (selector.metric == "ALERTS" || selector.metric == "ALERTS_FOR_STATE") continue;  // there only when one fires
    bool recorded = false;
    for (const auto& rule : rules) {
      if (rule.alerting || rule.name != selector.metric) continue;
      recorded = true;
      if (!followed.insert(rule.group + "\n" + rule.name + "\n" + rule.query).second) continue;
      auto below = scraped_selectors(rules, rule.query, followed);
      if (!below) return below.error();
      all.insert(all.end(), below->begin(), below->end());
    }
    if (!recorded) all.push_back(std::move(selector));
  }
  return all;
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
  return 60;
}

double longest_interval(const GateEvidence& evidence) {
  double longest = 0;
  for (const auto& rule : evidence.rules) longest = std::max(longest, interval_of(evidence, rule.group));
  return longest > 0 ? longest : 60;
}

std::vector<const LoadedRule*> loaded_as(const GateEvidence& evidence, const ExpectedRule& rule) {
  std::vector<const LoadedRule*> found;
  if (!evidence.loaded) return found;
  for (const auto& loaded : *evidence.loaded) {
    if (loaded.group == rule.group && loaded.name == rule.name && loaded.alerting == rule.alerting)
      found.push_back(&loaded);
  }
  return found;
}

std::vector<InputNeed> input_needs(const std::vector<ExpectedRule>& rules) {
  std::vector<InputNeed> needs;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!in_scope(rules[i])) continue;
    std::set<std::string> followed;
    auto selectors = scraped_selectors(rules, rules[i].query, followed);
    if (!selectors) {
      needs.push_back({i, {}, {}, {}, selectors.error().message});
      continue;
    }
    for (const auto& selector : *selectors) {
      InputNeed need{i, to_string(selector), {}, {}, {}};
      for (const auto& other : *selectors) {
        auto witness = witness_of(selector, other);
        if (witness.empty()) continue;
        need.wider = to_string(other);
        need.witness = witness;
      }
      needs.push_back(std::move(need));
    }
  }
  return needs;
}

}  // namespace quietgate
