// When rule groups were seen to be evaluated, by reading the rules while stages ran. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stages/prometheus/prometheus.h"

namespace quietgate {

// When a group's evaluations were seen to begin, on the server's clock, in order; and what went wrong in them.
struct GroupSightings {
  std::vector<double> evaluated;            // seconds since the epoch; of the rule that was evaluated longest ago
  std::map<double, std::string> unhealthy;  // `HighErrors: many-to-many matching not allowed`
};
// By `FILE;GROUP` as the server names them.
using Sightings = std::map<std::string, GroupSightings>;

// What `rules` adds to what was seen before; answers whether there is anything new.
bool add_sightings(const std::vector<LoadedRule>& rules, Sightings& to);

}  // namespace quietgate
