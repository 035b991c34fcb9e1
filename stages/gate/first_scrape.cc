#include "stages/gate/first_scrape.h"

#include <algorithm>
#include <cmath>

namespace quietgate {

std::string FirstScrape::missing_target(const Result<std::vector<ScrapeTarget>>& targets) {
  if (!targets) return waived_.contains("P7") ? "" : targets.error().message;
  if (targets->empty() && !waived_.contains("P7")) return "the server has no target";
  double newest = 0;
  for (const auto& target : *targets) {
    const auto name = "target " + target.instance + " of job " + target.job;
    if (target.health == "down") return name + " is down: " + target.last_error;
    if (target.health != "up" || target.last_scrape <= 0) return name + " was not scraped";
    newest = std::max(newest, target.last_scrape);
  }
  scraped_ = newest;
  return {};
}

std::string FirstScrape::missing_rule(const Result<std::vector<LoadedRule>>& loaded) const {
  const bool waived = waived_.contains("P3") || waived_.contains("P4") || waived_.contains("P5");
  if (!loaded) return waived ? "" : loaded.error().message;
  for (const auto& rule : *loaded) {
    if (alerts_.contains(rule.name) && rule.last_evaluation < scraped_.value_or(0))
      return "rule " + rule.name + " of group " + rule.group + " was not evaluated since every target was scraped";
  }
  return {};
}

bool FirstScrape::never_completes(const Result<std::vector<ScrapeTarget>>& targets,
                                  const Result<std::vector<LoadedRule>>& loaded) const {
  if (!targets || !loaded) return false;
  const bool scraped = std::none_of(targets->begin(), targets->end(), [](const auto& t) { return t.last_scrape <= 0; });
  const bool down = std::any_of(targets->begin(), targets->end(), [](const auto& t) { return t.health == "down"; });
  return scraped && down && std::any_of(loaded->begin(), loaded->end(), [&](const LoadedRule& rule) {
           return rule.alerting && rule.state == "firing" && alerts_.contains(rule.name);
         });
}

std::string FirstScrape::missing(const Result<std::vector<ScrapeTarget>>& targets,
                                 const Result<std::vector<LoadedRule>>& loaded) {
  if (!scraped_) {
    if (auto why = missing_target(targets); !why.empty()) return why;
  }
  return missing_rule(loaded);
}

Time complete_since(const std::vector<Series>& up, const std::vector<LoadedRule>& loaded, double started) {
  double scraped = started;
  for (const auto& series : up) {
    const auto first = std::find_if(series.samples.begin(), series.samples.end(),
                                    [started](const Sample& s) { return s.time >= started && s.value > 0; });
    if (first != series.samples.end()) scraped = std::max(scraped, first->time);
  }
  double interval = 0;
  for (const auto& rule : loaded) interval = std::max(interval, rule.interval);
  return Time{Milliseconds{std::llround(1000 * (scraped + 2 * interval))}};
}

}  // namespace quietgate
