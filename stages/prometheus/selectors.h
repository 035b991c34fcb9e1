// Finds the vector selectors of a PromQL expression: which series it asks for. A scanner, not a parser: the expression
// was accepted by a Prometheus server already.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"

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
  std::string moment;  // `offset 5m`, `@ end() offset 1d`; empty: now
  auto operator<=>(const Selector&) const = default;
};

// `metric{label="value", ...} offset 5m`, without a range.
std::string to_string(const Selector& selector);
// A range of at least these seconds: `[1500ms]`.
std::string range_text(double seconds);
// The text of a selector with a range: `metric{label="value", ...}[5s] offset 5m`.
std::string with_range(std::string selector, const std::string& range);
// How far in the past it looks, in seconds; infinite when it looks at one fixed moment.
double behind_of(const Selector& selector);

// Every selector of the expression, each once, in the order of their first places. The offset of a subquery is taken
// for that of the last selector before it. Arguments of absent() and
// absent_over_time() are left out: those ask for what should not be there. An error (kind user) when a string, brace or
// parenthesis does not end.
Result<std::vector<Selector>> selectors_of(std::string_view promql);

// A selector at one place of the expression, with what belongs to it.
struct PlacedSelector {
  Selector selector;      // its moment only when it follows directly
  std::size_t begin = 0;  // of the text with its range and moment
  std::size_t end = 0;    // one past
  std::string range;      // `5m`, or `5m:1m` of a subquery; empty: an instant
  bool absent = false;    // the argument of absent() or absent_over_time()
};
// Every selector as often as it is there, in the order of the text; those of absent() too. Errors as above.
Result<std::vector<PlacedSelector>> places_of(std::string_view promql);

// When `narrow` asks for only some of the series that `wide` asks for (the same metric, more matchers): a selector that
// has samples as long as the metric is there and has the labels that `narrow` filters by. For series that only exist
// once something happened, such as errors. Empty when it does not.
std::string witness_of(const Selector& narrow, const Selector& wide);

}  // namespace quietgate
