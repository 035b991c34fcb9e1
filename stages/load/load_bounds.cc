#include "stages/load/load_bounds.h"

#include <fmt/format.h>

#include "stages/attempt/expectation.h"
#include "stages/load/statistics.h"

namespace quietgate {

namespace {

bool is_upper(const Bound& bound) {
  return bound.relation == Bound::Relation::less || bound.relation == Bound::Relation::less_equal;
}

}  // namespace

Check judge_failures(const std::string& name, std::int64_t failures, std::int64_t requests, const Bound& bound,
                     const std::string& basis) {
  if (requests == 0) return inconclusive_check(name, bound.text, name + ": there were no requests");
  const auto ratio = static_cast<double>(failures) / static_cast<double>(requests);
  auto check = judge(name, ratio, Unit::ratio, bound, basis);
  // No number of requests proves that none will ever fail: a bound of nothing is about those that were sent.
  if (check.outcome != Outcome::passed || !is_upper(bound) || bound.value <= 0) return check;
  const double upper = upper_ratio(failures, requests);
  if (bound.holds(upper)) return check;
  auto needed = failures == 0 ? fmt::format("at least {} requests", format_count(least_for_ratio(bound.value)))
                              : std::string("more requests");
  return inconclusive_check(name, bound.text,
                            fmt::format("{}, but its upper limit with 95 % confidence is {}: {} would tell",
                                        check.sentence, format_quantity(upper, Unit::ratio), needed));
}

Check judge_percentile(const std::string& name, double q, const ResponseTimes& times, const Bound& bound,
                       const std::string& basis, const std::string& where) {
  const auto least = least_samples(q);
  if (times.count() < least) {
    return inconclusive_check(
        name, bound.text,
        fmt::format("{} needs at least {} requests{}, but had {}", name, least, where, times.count()));
  }
  auto check = judge(name, times.percentile(q), Unit::milliseconds, bound, basis);
  // The percentile that was seen holds; the one that is behind it may not.
  const double upper = times.ranked(upper_rank(times.count(), q));
  if (check.outcome != Outcome::passed || !is_upper(bound) || bound.holds(upper)) return check;
  return inconclusive_check(name, bound.text,
                            fmt::format("{}, but its upper limit with 95 % confidence is {}: more requests would tell",
                                        check.sentence, format_quantity(upper, Unit::milliseconds)));
}

}  // namespace quietgate
