// Finds the vector selectors of a PromQL expression: which series it asks for. A scanner, not a parser: the expression
// was accepted by a Prometheus server already.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/core/result.h"

namespace quietgate {

struct Matcher {
  std::string label;
  std::string operation;  // = != =~ !~
  std::string value;      // as written, with its quotes
  auto operator<=>(const Matcher&) const = default;
};

struct Selector {
  std::string metric;  // may be empty: then a matcher names the series
  std::vector<Matcher> matchers;
  auto operator<=>(const Selector&) const = default;
};

// `metric{label="value", ...}`, without range, offset and `@`.
std::string to_string(const Selector& selector);

// Every selector of the expression, each once, in the order of their first places. Arguments of absent() and
// absent_over_time() are left out: those ask for what should not be there. An error (kind user) when a string, brace or
// parenthesis does not end.
Result<std::vector<Selector>> selectors_of(std::string_view promql);

// When `narrow` asks for only some of the series that `wide` asks for (the same metric, more matchers): a selector that
// has samples as long as the metric is there and has the labels that `narrow` filters by. For series that only exist
// once something happened, such as errors. Empty when it does not.
std::string witness_of(const Selector& narrow, const Selector& wide);

}  // namespace quietgate
