// When rule groups were observed to be evaluated: read from the server's rules while stages ran, and kept in
// `rules-seen.ndjson` of each attempt.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stages/prometheus/prometheus.h"

namespace quietgate {

// When a group's evaluations began, on the server's clock, in order; and what went wrong in them.
struct ObservedEvaluations {
  std::vector<double> evaluated;            // seconds since the epoch; of the rule that was evaluated longest ago
  std::map<double, std::string> unhealthy;  // `HighErrors: many-to-many matching not allowed`
};
// By `FILE;GROUP` as the server names them.
using GroupEvaluations = std::map<std::string, ObservedEvaluations>;

// Adds what `rules` tells beyond what was observed before. Answers whether there was anything new. Pure.
bool add_evaluations(const std::vector<LoadedRule>& rules, GroupEvaluations& to);

// Appends what `now` holds beyond `before` to the attempt's file. What can't be written is lost: a gap proves nothing.
void append_evaluations(const std::string& attempt_directory, const std::string& url, const GroupEvaluations& before,
                        const GroupEvaluations& now);

// Everything that the attempts of a run, of which `attempt_directory` is one, have observed of the server at `url`.
// Never fails: lines that make no sense are left out.
GroupEvaluations read_evaluations(const std::string& attempt_directory, const std::string& url);

}  // namespace quietgate
