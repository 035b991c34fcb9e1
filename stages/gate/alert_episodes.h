// What the raw ALERTS samples say: when which alert was pending and when it fired. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "stages/prometheus/prometheus.h"

namespace quietgate {

// One stretch in which one alert was pending or firing at every evaluation. Seconds since the epoch.
struct Episode {
  std::string rule;
  Labels labels;     // of the alert, without alertname and alertstate
  double first = 0;  // first sample, pending or firing
  double last = 0;   // last sample
  std::optional<double> firing_from;
  double firing_until = 0;  // last firing sample
  // `HighErrors {path="/"}`: what tells alerts apart for people.
  std::string name() const;
};

// The episodes of the series of `ALERTS`, in the order of their first samples. `interval_of` answers how often a rule
// is evaluated: a gap of more than one and a half of it ends an episode. Samples after `until` are left out.
std::vector<Episode> episodes_of(const std::vector<Series>& alerts,
                                 const std::function<double(const std::string& rule)>& interval_of, double until);

}  // namespace quietgate
