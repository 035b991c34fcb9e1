#include "stages/autoscaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "stages/expectation.h"

namespace quietgate {

namespace {

constexpr double widest_hole = 5;  // seconds
constexpr double close_enough = 1e-6;

bool same(double a, double b) {
  return std::fabs(a - b) < close_enough;
}

std::string span(double seconds) {
  return human_duration(Milliseconds(static_cast<std::int64_t>(std::llround(std::max(0.0, seconds) * 10)) * 100));
}

std::string number(double value) {
  return format_quantity(value, Unit::number);
}

// Says where the first hole in [from, until] is, in time since `begin`; empty: there is none. Numbers only: NaN is as
// good as nothing.
std::string hole_in(const std::vector<Sample>& samples, double begin, double from, double until) {
  double last = from;
  auto describe = [&](double to) {
    return fmt::format("no replica count from {} to {} after the load began", span(last - begin), span(to - begin));
  };
  for (const auto& sample : samples) {
    if (!std::isfinite(sample.value) || sample.time < from) continue;
    if (sample.time > until) break;
    if (sample.time - last > widest_hole) return describe(sample.time);
    last = sample.time;
  }
  return until - last > widest_hole ? describe(until) : std::string();
}

Check reach_check(const ScalingStory& story, const AutoscalingExpectation& expect, const std::string& hole) {
  auto wanted = fmt::format("{} within {}", format_replicas(*expect.reach), human_duration(expect.within));
  auto within = static_cast<double>(expect.within.count()) / 1000;
  if (story.base >= *expect.reach - close_enough) {
    return inconclusive_check("reach", wanted,
                              fmt::format("already {} before the load: reaching {} would prove nothing",
                                          format_replicas(story.base), number(*expect.reach)));
  }
  if (story.reached_after >= 0 && story.reached_after <= within + close_enough) {
    return passed_check("reach", wanted, span(story.reached_after),
                        fmt::format("{} -> {} in {} <= {}", number(story.base), format_replicas(*expect.reach),
                                    span(story.reached_after), human_duration(expect.within)));
  }
  if (!hole.empty()) return inconclusive_check("reach", wanted, hole);
  if (story.reached_after >= 0) {
    return failed_check("reach", wanted, span(story.reached_after),
                        fmt::format("{} -> {} in {} > {}", number(story.base), format_replicas(*expect.reach),
                                    span(story.reached_after), human_duration(expect.within)));
  }
  return failed_check("reach", wanted, "at most " + number(story.highest),
                      fmt::format("at most {} < {} within {} (started at {})", format_replicas(story.highest),
                                  number(*expect.reach), human_duration(expect.within), number(story.base)));
}

Check ceiling_check(const ScalingStory& story, double ceiling, const std::string& hole) {
  auto wanted = "<= " + number(ceiling);
  if (story.highest > ceiling + close_enough) {
    return failed_check("never above", wanted, number(story.highest),
                        fmt::format("{} at the highest > {}", format_replicas(story.highest), number(ceiling)));
  }
  if (!hole.empty()) return inconclusive_check("never above", wanted, hole);
  return passed_check("never above", wanted, number(story.highest),
                      fmt::format("{} at the highest <= {}", format_replicas(story.highest), number(ceiling)));
}

Check settle_check(const ScalingStory& story, const AutoscalingExpectation& expect, const std::string& hole) {
  auto wanted = fmt::format("{} within {}", format_replicas(*expect.settle_at), human_duration(expect.settle_within));
  auto within = static_cast<double>(expect.settle_within.count()) / 1000;
  if (!hole.empty()) return inconclusive_check("settle", wanted, hole);
  if (story.settled_after < 0) {
    return failed_check("settle", wanted, number(story.last),
                        fmt::format("{} instead of {} {} after the load ended", format_replicas(story.last),
                                    number(*expect.settle_at), human_duration(expect.settle_within)));
  }
  bool in_time = story.settled_after <= within + close_enough;
  auto sentence = fmt::format("back at {} {} after the load ended {} {}", format_replicas(*expect.settle_at),
                              span(story.settled_after), in_time ? "<=" : ">", human_duration(expect.settle_within));
  return in_time ? passed_check("settle", wanted, span(story.settled_after), sentence)
                 : failed_check("settle", wanted, span(story.settled_after), sentence);
}

}  // namespace

std::string format_replicas(double count) {
  return number(count) + (same(count, 1) ? " replica" : " replicas");
}

Result<std::vector<Sample>> single_series(const Result<std::vector<Series>>& answer) {
  if (!answer) return answer.error();
  if (answer->empty()) {
    return infrastructure_error("the replica query gave no data",
                                "check that the query names an existing metric and that its target is up");
  }
  if (answer->size() > 1) {
    return user_error(fmt::format("the replica query gave {} series instead of one", answer->size()),
                      "aggregate it to one number, for example with sum(...)");
  }
  return answer->front().samples;
}

ScalingStory tell_scaling(const std::vector<Sample>& samples, const AutoscalingExpectation& expect,
                          const ScalingWindow& window) {
  std::vector<Sample> numbers;
  for (const auto& sample : samples) {
    if (std::isfinite(sample.value) && sample.time <= window.read_until + close_enough) numbers.push_back(sample);
  }
  ScalingStory story;
  if (numbers.empty()) return story;
  // The base is what stood when the load began: the last count from before it, or the first there is.
  auto next = std::find_if(numbers.begin(), numbers.end(),
                           [&](const Sample& sample) { return sample.time > window.begin + close_enough; });
  if (next == numbers.begin()) ++next;
  story.base = story.highest = story.last = std::prev(next)->value;
  int direction = 0;
  double settled_since = -1;
  for (; next != numbers.end(); ++next) {
    int step = same(next->value, story.last) ? 0 : (next->value > story.last ? 1 : -1);
    if (step != 0 && direction != 0 && step != direction) ++story.reversals;
    if (step != 0) direction = step;
    story.last = next->value;
    story.highest = std::max(story.highest, next->value);
    if (expect.reach && story.reached_after < 0 && next->value >= *expect.reach - close_enough) {
      story.reached_after = next->time - window.begin;
    }
    if (!expect.settle_at || next->time < window.end - close_enough) continue;
    if (!same(next->value, *expect.settle_at)) {
      settled_since = -1;
    } else if (settled_since < 0) {
      settled_since = next->time;
    }
  }
  if (settled_since >= 0) story.settled_after = std::max(0.0, settled_since - window.end);
  return story;
}

std::vector<Check> judge_scaling(const Result<std::vector<Sample>>& samples, const AutoscalingExpectation& expect,
                                 const ScalingWindow& window) {
  if (!samples) return {inconclusive_check("autoscaling", "replica counts", samples.error().message)};
  auto numbers =
      std::count_if(samples->begin(), samples->end(), [](const Sample& sample) { return std::isfinite(sample.value); });
  if (numbers == 0) {
    return {
        inconclusive_check("autoscaling", "replica counts",
                           samples->empty() ? "the replica query gave no data" : "the replica query gave only NaN")};
  }
  auto story = tell_scaling(*samples, expect, window);
  auto hole = hole_in(*samples, window.begin, window.begin, window.read_until);
  std::vector<Check> checks;
  if (expect.reach) {
    auto deadline = window.begin + static_cast<double>(expect.within.count()) / 1000;
    checks.push_back(reach_check(story, expect,
                                 hole_in(*samples, window.begin, window.begin, std::min(deadline, window.read_until))));
  }
  if (expect.never_above) checks.push_back(ceiling_check(story, *expect.never_above, hole));
  if (expect.settle_at) {
    checks.push_back(settle_check(story, expect, hole_in(*samples, window.begin, window.end, window.read_until)));
  }
  if (expect.reversals) {
    checks.push_back(hole.empty() ? judge("reversals", story.reversals, Unit::count, *expect.reversals, "")
                                  : inconclusive_check("reversals", expect.reversals->text, hole));
  }
  if (checks.empty()) {
    checks.push_back(hole.empty()
                         ? passed_check("replicas", "a replica count throughout", number(story.highest),
                                        fmt::format("{} -> {}", number(story.base), format_replicas(story.highest)))
                         : inconclusive_check("replicas", "a replica count throughout", hole));
  }
  return checks;
}

bool settled(const std::vector<Sample>& recent, const AutoscalingExpectation& expect, double load_end,
             double steady_for) {
  if (!expect.settle_at || recent.empty()) return false;
  double newest = recent.back().time;
  for (auto sample = recent.rbegin(); sample != recent.rend(); ++sample) {
    if (sample->time < load_end) return false;
    if (!same(sample->value, *expect.settle_at)) return false;
    if (newest - sample->time >= steady_for - close_enough) return true;
  }
  return false;
}

}  // namespace quietgate
