// A replica count's series as Prometheus answers it, and what of it is known. Pure.
//
// What a query answers does not show that a server was away or that a target is scraped rarely: a sample stands for
// itself for five minutes. So the times of the samples that the query stands on are asked too.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

// The one series of an answer. Errors say why it can't be judged: none, several, or the server's own error.
Result<std::vector<Sample>> single_series(const Result<std::vector<Series>>& answer);

// What to ask beside a query, with the same steps: of each of its selectors, the time of the oldest of the newest
// samples of its series. None of a query without selectors, which stands on no samples. An error (kind user) when the
// query can't be read or looks at one fixed moment.
Result<std::vector<std::string>> stamp_queries(const std::string& query);

// The values less those that no sample of the last five seconds stands behind. What was older is taken away from its
// own second on, so that what is left has the hole that the samples had. `stamps`: the answers to stamp_queries(); when
// that is no query at all, all values stay.
std::vector<Sample> known_counts(const std::vector<Sample>& values, const std::vector<std::vector<Sample>>& stamps);

}  // namespace quietgate
