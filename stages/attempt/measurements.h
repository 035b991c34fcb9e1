// The samples that a stage's decisions used: `measurements.ndjson` in the attempt's directory, for charts and evidence.
// One object per line, in no particular order between series:
//   {"series":"load.p95_ms","t":1700000000250,"v":61.5}
// `t` is milliseconds since the epoch on the metrics server's clock if it is known, else on the service's. Samples that
// are not numbers have no line. Series of `load`: load.users, load.requests_per_second, load.failures_per_second,
// load.p50_ms, load.p95_ms, load.p99_ms, replicas. Series of `verify`: the check's name; if a check has several series,
// each has its labels: `error ratio {job="a"}`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

class Measurements {
 public:
  void add(std::string_view series, double seconds, double value);
  void add(std::string_view series, const std::vector<Sample>& samples);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// `{job="a", zone="b"}`; empty for no labels. The metric's name is left out.
std::string format_labels(const Labels& labels);

}  // namespace quietgate
