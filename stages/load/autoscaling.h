// Whether the replicas followed the load: reached a number in time, never too many, came back, without swinging. Pure.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "stages/load/autoscaling_spec.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

// The load on the metrics server's clock, and how far its series was read. Seconds since the epoch.
struct ScalingWindow {
  double begin = 0;
  double end = 0;
  double read_until = 0;
};

// What happened to the replicas, as numbers. Times are seconds after the begin of the load; negative: never.
struct ScalingStory {
  double base = 0;               // at the begin of the load
  double first_rise_after = -1;  // first sample above the base
  double highest = 0;
  double last = 0;
  double reached_after = -1;  // first sample at or above `reach`
  double settled_after = -1;  // after the *end* of the load: begin of the last unbroken time at `settle_at`
  int reversals = 0;          // changes of direction; up, then down: 1
  // With the desired replicas known; the last two after the *end* of the load.
  double highest_desired = -1;
  bool decided_before = false;     // more replicas were desired before the load, which it so has no part in
  double decided_after = -1;       // the first rise of the desired replicas
  double ready_lag = -1;           // from that until `reach` were ready; 0 when these were seen first
  double decided_down_after = -1;  // the first fall of the desired replicas
  double down_after = -1;          // until the ready replicas were as few as desired then
};
// `desired` may be empty. Reversals are the desired replicas' when these are known: what is ready may come and go.
ScalingStory tell_scaling(const std::vector<Sample>& samples, const std::vector<Sample>& desired,
                          const AutoscalingExpectation& expect, const ScalingWindow& window);

// One check per expectation. What is certain from the samples there are is said; where a hole in the series (more than
// 5 s without a number) could hide the contrary, the check is inconclusive. So is what depends on the desired replicas
// when these are an error; no samples of them: nobody says them.
std::vector<Check> judge_scaling(const Result<std::vector<Sample>>& samples, const Result<std::vector<Sample>>& desired,
                                 const AutoscalingExpectation& expect, const ScalingWindow& window);

// Why it is not known what was desired from the begin of the load for so many seconds; empty: it is, or nobody says it.
std::string unheard(const Result<std::vector<Sample>>& desired, const ScalingWindow& window, double seconds);

// While waiting after the load: whether the newest samples stand at `settle_at` for `steady_for` seconds.
bool settled(const std::vector<Sample>& recent, const AutoscalingExpectation& expect, double load_end,
             double steady_for = 3);

std::string format_replicas(double count);  // `3 replicas`, `1 replica`

}  // namespace quietgate
