// How an alerting rule's alerts come and go, evaluation by evaluation, as Prometheus has it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/types.h"
#include "stages/prometheus/prometheus.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

enum class AlertState : unsigned char { inactive, pending, firing };

// One alert between two evaluations.
struct AlertProgress {
  AlertState state = AlertState::inactive;
  Milliseconds active_at{0};   // when it became pending; since the epoch
  Milliseconds keep_since{0};  // when its condition ended while it is kept firing
  bool kept = false;
};

// The alert after the evaluation at `time`, in which its condition held or not. `duration` is the rule's `for`.
AlertProgress next_progress(AlertProgress before, bool present, Milliseconds time, Milliseconds duration,
                            Milliseconds keep_firing_for);

// Why no alert of the rule can be named outside of Prometheus: its labels hold the value, or a template that is more
// than `{{ $labels.NAME }}`. Empty when they can.
std::string naming_problem(const ExpectedRule& rule);
// Who an alert is: the series' labels without the metric's name, overlaid by the rule's, and `alertname`.
Labels identity_of(const ExpectedRule& rule, const Labels& series);

// Evaluations at begin, begin + step, ...
struct EvaluationGrid {
  Milliseconds begin{0};  // since the epoch
  Milliseconds step{0};
  std::size_t count = 0;
  Milliseconds at(std::size_t index) const { return begin + step * static_cast<std::int64_t>(index); }
};

using RuleProgress = std::map<Labels, AlertProgress>;  // alerts that are not inactive, by who they are

struct AlertSteps {
  Labels labels;
  std::vector<AlertState> states;  // one for each evaluation of the grid
};
struct ChunkOutcome {
  RuleProgress after;
  std::vector<AlertSteps> alerts;  // that were pending or firing at any time
};

// Evaluates the rule over the grid, on what its expression gave there, from where an earlier chunk ended. An error of
// kind step when two series would be the same alert at one time (Prometheus fails such an evaluation), of kind
// infrastructure when a sample is off the grid.
Result<ChunkOutcome> evaluate_chunk(RuleProgress before, const ExpectedRule& rule, const EvaluationGrid& grid,
                                    const std::vector<Series>& series);

}  // namespace quietgate
