// A PromQL check against the samples that the server gave. Pure.
#pragma once

#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "stages/prometheus/prometheus.h"
#include "stages/verify/verify_spec.h"

namespace quietgate {

// The times at which a check is sampled, on the metrics server's clock; seconds since the epoch.
struct SampleGrid {
  double begin = 0;
  double end = 0;
  double step = 1;
  int points() const;  // how many samples a series without a gap has
};

// One check over one answer. Pure. The bound must hold at every sample of every series. No series, a value that is no
// number, too few samples, or an error of the server is inconclusive, each with its own sentence; a sample that breaks
// the bound fails the check all the same. A ratio has no value before its first request: up to 5 s without a number at
// the begin of the window are forgiven, and one sample in ten after that.
Check judge_samples(const MetricCheck& check, const Result<std::vector<Series>>& answer, const SampleGrid& grid);

}  // namespace quietgate
