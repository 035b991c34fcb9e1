// Failures and response times of requests held to bounds, upper ones with 95 % confidence (statistics.h). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "runner/model/bound.h"
#include "runner/model/outcome.h"
#include "stages/load/load_report.h"

namespace quietgate {

// So many failures of so many requests. Inconclusive without requests, and when an upper bound above 0 holds for the
// ratio that was seen but not for its upper limit. `basis` ends the sentence (expectation.h).
Check judge_failures(const std::string& name, std::int64_t failures, std::int64_t requests, const Bound& bound,
                     const std::string& basis);

// The percentile `q` (of 1). Inconclusive with fewer requests than bound it whatever their distribution (they were
// counted `where`: ` after the warm-up`; may be empty), and when an upper bound holds for the percentile that was seen
// but not for its upper limit.
Check judge_percentile(const std::string& name, double q, const ResponseTimes& times, const Bound& bound,
                       const std::string& basis, const std::string& where);

}  // namespace quietgate
