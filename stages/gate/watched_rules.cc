#include "stages/gate/watched_rules.h"

#include <algorithm>
#include <cmath>

namespace quietgate {

namespace {

constexpr Milliseconds always_young{1'000};

}  // namespace

Milliseconds poll_interval(const std::vector<LoadedRule>& rules) {
  double shortest = 15;
  for (const auto& rule : rules) {
    if (rule.interval > 0) shortest = std::min(shortest, rule.interval);
  }
  return std::clamp(Milliseconds(std::llround(shortest * 1000 / 3)), Milliseconds{150}, Milliseconds{5'000});
}

void WatchedRules::add(const std::string& url, Time asked, RulesSnapshot rules) {
  newest_[url] = {asked, std::move(rules)};
}

RulesSnapshot WatchedRules::newest(const std::string& url, Time now) const {
  const auto found = newest_.find(url);
  if (found == newest_.end()) return nullptr;
  const auto& [asked, rules] = found->second;
  const auto age = now - asked;
  // Of a clock that went back nothing is known.
  if (age < Milliseconds{0} || age > std::max(always_young, poll_interval(*rules) * 3 / 2)) return nullptr;
  return rules;
}

}  // namespace quietgate
