// Puts what recording rules compute in the place of their names: the series of a rule that was never loaded have no
// history, what it is computed from has. Textual, on expressions that Prometheus is to judge; pure.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

struct InlinedQuery {
  std::string query;                  // as given when nothing was recorded
  std::vector<std::string> recorded;  // names that were replaced, each once
  bool approximate = false;           // a range or an offset of a recorded series became a subquery
};

// `query` with every series that a recording rule of `rules` makes replaced by that rule's expression, in parentheses,
// with its labels set and its matchers applied; recorded series of recorded series too. `default_interval` (seconds) is
// that of groups without one. An error (kind user) says what can't be replaced: a rule that is computed from itself,
// a selector that may mean a recorded series without naming it, ALERTS, `@ start()` and `@ end()` (which mean another
// time in a range query), absent() that takes labels from its matchers, and an expression over 100 KiB.
Result<InlinedQuery> inline_recorded(const std::string& query, const std::vector<ExpectedRule>& rules,
                                     double default_interval);

// The longest range that the expression looks back over, in seconds; 0 when there is none.
double longest_range_of(const std::string& query);

}  // namespace quietgate
