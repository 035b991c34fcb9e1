// Alerts that a gate will be loud about, noticed while the load runs that it is about.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stages/prometheus/prometheus.h"

namespace quietgate {

class Alarm {
 public:
  // `alerts` are the names that decide. `begun` is when the attempt began, in seconds since the epoch: what was active
  // before is a dirty start, which is not the commit's doing and is left to the gate. Unless `resumed`, what the first
  // look finds active was there before, too, if it comes within ten seconds: clocks may differ.
  Alarm(std::set<std::string> alerts, double begun, bool resumed)
      : alerts_(std::move(alerts)), begun_(begun), trusts_first_(!resumed) {}

  // A sentence about an alert that fires by now and was not active when the attempt began; nothing: there is none.
  std::optional<std::string> newly_firing(const std::vector<LoadedRule>& rules);

 private:
  std::set<std::string> alerts_;
  double begun_;
  bool trusts_first_;
  std::set<std::pair<std::string, Labels>> before_;  // active at the first look, and ever since
};

}  // namespace quietgate
