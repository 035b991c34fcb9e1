// Whether a load ran to its end and held what was expected of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/core/outcome.h"
#include "runner/core/plan.h"
#include "stages/load_report.h"

namespace quietgate {

// How Locust's process ended.
struct LocustEnd {
  enum class How { exited, killed, not_started, overdue };
  How how = How::exited;
  int code = 0;
  std::string words;     // `exit status 1`, `killed by SIGKILL`
  std::string last_log;  // the end of the log, for Locust's own error line
};

// Whether the load ran to its end: nothing when it did, else the one check that says what happened and to whom. `root`
// is the checkout; paths below it are printed relative to it.
std::optional<Check> judge_completion(const LoadReport& report, const LocustEnd& end, const LoadSpec& spec,
                                      const std::string& root);

// Every expectation of the load, and that there was any load. For one that ran to its end.
std::vector<Check> judge_load(const LoadReport& report, const LocustEnd& end, const LoadSpec& spec);

// The least number of samples from which a percentile can be bounded with 95 % confidence whatever the distribution:
// p95 59, p99 299.
std::int64_t least_samples(double q);

// Whether the load is pointless to go on with: nothing but exceptions and not one request.
bool hopeless(const LoadReport& report);

}  // namespace quietgate
