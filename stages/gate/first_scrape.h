// When a server that was just started has heard everything once: before that, silence says nothing.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/model/types.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

// Follows the readings of one server, until every target was scraped and is up, and every alert of these names that is
// loaded was evaluated after that. Pure.
class FirstScrape {
 public:
  // Proofs that need not hold (`P7`: targets; `P3`, `P4` or `P5`: rules): then what can't be read is not waited for.
  FirstScrape(std::set<std::string> alerts, std::set<std::string> waived)
      : alerts_(std::move(alerts)), waived_(std::move(waived)) {}

  // What is missing, in words; empty from the first complete scrape on.
  std::string missing(const Result<std::vector<ScrapeTarget>>& targets, const Result<std::vector<LoadedRule>>& loaded);
  // Every target was scraped, one is down, and an alert of these fires: what is missing won't come.
  bool never_completes(const Result<std::vector<ScrapeTarget>>& targets,
                       const Result<std::vector<LoadedRule>>& loaded) const;

 private:
  std::string missing_target(const Result<std::vector<ScrapeTarget>>& targets);
  std::string missing_rule(const Result<std::vector<LoadedRule>>& loaded) const;

  std::set<std::string> alerts_;
  std::set<std::string> waived_;
  std::optional<double> scraped_;  // when the last target was, on the server's clock
};

// From when on a server that started then (seconds since the epoch) heard everything, by the samples of `up` since: two
// evaluations after the last of its targets was first scraped and up. Series without such a sample are of before.
Time complete_since(const std::vector<Series>& up, const std::vector<LoadedRule>& loaded, double started);

}  // namespace quietgate
