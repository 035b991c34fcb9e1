#include "stages/prometheus/inlining.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/prometheus/prometheus_times.h"
#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

constexpr std::size_t most_bytes = 100 * 1024;
const std::string mark = "quietgate_match";  // a label that only lives inside of one filter

std::string unquoted(const std::string& text) {
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

std::string in_quotes(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// A literal as label_replace() takes it for the new value, where `$` begins a reference.
std::string as_replacement(const std::string& literal) {
  std::string result;
  for (const char c : literal) result += c == '$' ? "$$" : std::string(1, c);
  return result;
}

// The newline ends a comment that the expression may end with.
std::string enclosed(const std::string& query) {
  return "(" + query + "\n)";
}

std::string with_label(const std::string& query, const std::string& label, const std::string& literal) {
  return fmt::format(R"(label_replace({}, "{}", {}, "__name__", ".*"))", query, label, as_replacement(literal));
}

std::string filtered(const std::string& query, const Matcher& matcher) {
  const bool wanted = matcher.operation[0] == '=';
  const char* set = wanted ? "and" : "unless";
  if (matcher.operation == "=" || matcher.operation == "!=") {
    return fmt::format("({} {} on ({}) {})", query, set, matcher.label,
                       with_label("vector(1)", matcher.label, matcher.value));
  }
  const auto marked =
      fmt::format(R"(label_replace({}, "{}", "1", "{}", {}))", query, mark, matcher.label, matcher.value);
  const auto kept = fmt::format("({} {} on ({}) {})", marked, set, mark, with_label("vector(1)", mark, "\"1\""));
  return with_label(kept, mark, "\"\"");
}

// The metric that a selector names in any of the ways there are, or empty.
std::string metric_of(const Selector& selector) {
  if (!selector.metric.empty()) return selector.metric;
  for (const auto& matcher : selector.matchers) {
    if (matcher.operation.empty()) return unquoted(matcher.label);
    if (matcher.label == "__name__" && matcher.operation == "=") return unquoted(matcher.value);
  }
  return {};
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

std::string duration_text(double seconds) {
  return fmt::format("{}ms", std::llround(seconds * 1000));
}

class Inliner {
 public:
  Inliner(const std::vector<ExpectedRule>& rules, double default_interval)
      : rules_(rules), default_interval_(default_interval) {}

  std::string replace(const std::string& query) {
    if (query.find("start()") != std::string::npos || query.find("end()") != std::string::npos)
      throw user_error("`@ start()` and `@ end()` mean another time in a range query than in a rule");
    auto places = places_of(query);
    if (!places) throw places.error();
    std::string result;
    std::size_t done = 0;
    std::size_t names_asked = count_of(query, "__name__");
    bool replaced = false;
    for (const auto& place : *places) {
      for (const auto& matcher : place.selector.matchers) names_asked -= matcher.label == "__name__" ? 1 : 0;
      const auto metric = metric_of(place.selector);
      refuse_unknowable(place.selector, metric);
      if (!is_recorded(metric)) continue;
      replaced = true;
      result += query.substr(done, place.begin - done) + in_place_of(place, metric);
      done = place.end;
      if (result.size() > most_bytes) throw user_error("with its recorded series it is larger than 100 KiB");
    }
    if (replaced && names_asked > 0)
      throw user_error("it asks for `__name__`, which is lost when a recorded series is computed in place");
    return result + query.substr(done);
  }

  InlinedQuery outcome;

 private:
  bool is_recorded(const std::string& metric) const {
    return std::any_of(rules_.begin(), rules_.end(),
                       [&](const ExpectedRule& rule) { return !rule.alerting && rule.name == metric; });
  }

  void refuse_unknowable(const Selector& selector, const std::string& metric) const {
    if (metric == "ALERTS" || metric == "ALERTS_FOR_STATE")
      throw user_error(metric + " has no history of rules that were not loaded");
    const bool records = std::any_of(rules_.begin(), rules_.end(), [](const auto& rule) { return !rule.alerting; });
    if (metric.empty() && records)
      throw user_error(
          fmt::format("`{}` may mean recorded series, which have no history: name the metric", to_string(selector)));
  }

  std::string in_place_of(const PlacedSelector& place, const std::string& metric) {
    if (std::find(open_.begin(), open_.end(), metric) != open_.end())
      throw user_error(fmt::format("`{}` is computed from itself", metric));
    open_.push_back(metric);
    if (std::find(outcome.recorded.begin(), outcome.recorded.end(), metric) == outcome.recorded.end())
      outcome.recorded.push_back(metric);
    double interval = 0;
    std::string computed;
    for (const auto& rule : rules_) {
      if (rule.alerting || rule.name != metric) continue;
      auto one = enclosed(replace(rule.query));
      for (const auto& [label, value] : rule.labels) one = with_label(one, label, in_quotes(value));
      computed += (computed.empty() ? "" : " or ") + one;
      interval = std::max(interval, rule.interval > 0 ? rule.interval : default_interval_);
    }
    open_.pop_back();
    computed = "(" + computed + ")";
    for (const auto& matcher : place.selector.matchers) {
      if (matcher.operation.empty() || matcher.label == "__name__") continue;
      if (matcher.label[0] == '"')
        throw user_error(fmt::format("a matcher of `{}` on a quoted label can't be applied", metric));
      if (place.absent && matcher.operation == "=")
        throw user_error(
            fmt::format("absent({}) takes labels from its matchers, which are lost when the recorded "
                        "series is computed in place",
                        to_string(place.selector)));
      computed = filtered(computed, matcher);
    }
    return at_its_time(computed, place, interval);
  }

  // Only selectors and subqueries have a range or an offset.
  std::string at_its_time(const std::string& computed, const PlacedSelector& place, double interval) {
    const auto& moment = place.selector.moment;
    if (place.range.empty() && moment.empty()) return computed;
    outcome.approximate = true;
    const auto step = duration_text(interval);
    if (place.range.empty()) return fmt::format("last_over_time({}[{}:{}] {})", computed, step, step, moment);
    const auto range = place.range.find(':') == std::string::npos ? place.range + ":" + step : place.range;
    return fmt::format("{}[{}]{}{}", computed, range, moment.empty() ? "" : " ", moment);
  }

  const std::vector<ExpectedRule>& rules_;
  double default_interval_;
  std::vector<std::string> open_;  // names that are being replaced
};

}  // namespace

Result<InlinedQuery> inline_recorded(const std::string& query, const std::vector<ExpectedRule>& rules,
                                     double default_interval) {
  try {
    Inliner inliner(rules, default_interval);
    inliner.outcome.query = inliner.replace(query);
    return inliner.outcome;
  } catch (const Error& error) {
    return error;
  }
}

double longest_range_of(const std::string& query) {
  double longest = 0;
  for (auto at = query.find('['); at != std::string::npos; at = query.find('[', at + 1)) {
    const auto end = query.find_first_of(":]", at);
    if (end == std::string::npos) break;
    if (auto seconds = read_duration(query.substr(at + 1, end - at - 1))) longest = std::max(longest, *seconds);
  }
  return longest;
}

}  // namespace quietgate
