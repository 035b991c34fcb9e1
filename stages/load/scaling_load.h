// The load while replicas came, and what a replica did before and after. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/model/outcome.h"
#include "stages/load/autoscaling_spec.h"
#include "stages/load/load_report.h"

namespace quietgate {

// Rates are requests a second.
struct ScalingLoad {
  std::int64_t requests = 0;  // between the decision (the begin of the load, when nobody says it) and the reach
  std::int64_t failures = 0;
  ResponseTimes times;     // of these requests
  double rate_before = 0;  // of a replica, until the first new one was ready; NaN: no whole second
  double rate_after = 0;   // of a replica, from the reach to the end of the load; likewise
  std::string unknown;     // not empty: why it is not known when the decision was, and so which requests these are
};

// One check per expectation. Failures and the p95 hold with 95 % confidence, as those of the steady state do.
std::vector<Check> judge_scaling_load(const ScalingLoad& load, const AutoscalingExpectation& expect);

}  // namespace quietgate
