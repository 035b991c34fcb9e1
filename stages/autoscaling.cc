#include "stages/autoscaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "stages/expectation.h"
#include "stages/statistics.h"

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

namespace {

std::vector<Sample> numbers_in(const std::vector<Sample>& samples, const ScalingWindow& window) {
  std::vector<Sample> numbers;
  for (const auto& sample : samples) {
    if (std::isfinite(sample.value) && sample.time <= window.read_until + close_enough) numbers.push_back(sample);
  }
  return numbers;
}

void tell_desired(const std::vector<Sample>& ready, const std::vector<Sample>& desired, const ScalingWindow& window,
                  ScalingStory& story) {
  if (desired.empty()) return;
  double last = desired.front().value, wanted = -1;
  int direction = 0, reversals = 0;
  for (const auto& sample : desired) {
    const int step = same(sample.value, last) ? 0 : (sample.value > last ? 1 : -1);
    last = sample.value;
    if (step == 0 || sample.time <= window.begin + close_enough) continue;
    if (direction != 0 && step != direction) ++reversals;
    direction = step;
    if (step > 0 && story.decided_after < 0) story.decided_after = sample.time - window.begin;
    if (step < 0 && sample.time >= window.end - close_enough && story.decided_down_after < 0) {
      story.decided_down_after = sample.time - window.end;
    }
    if (step < 0 && sample.time >= window.end - close_enough) wanted = sample.value;
  }
  story.reversals = reversals;
  if (story.decided_after >= 0 && story.reached_after >= 0) story.ready_lag = story.reached_after - story.decided_after;
  if (wanted < 0) return;
  for (const auto& sample : ready) {
    if (sample.time < window.end + story.decided_down_after - close_enough) continue;
    if (sample.value > wanted + close_enough) continue;
    story.down_after = sample.time - window.end;
    return;
  }
}

Check decision_check(const ScalingStory& story, Milliseconds within, const std::string& hole) {
  auto wanted = human_duration(within);
  const auto limit = static_cast<double>(within.count()) / 1000;
  if (story.decided_after >= 0 && story.decided_after <= limit + close_enough) {
    return passed_check(
        "decision", wanted, span(story.decided_after),
        fmt::format("more replicas were desired {} after the load began <= {}", span(story.decided_after), wanted));
  }
  if (!hole.empty()) return inconclusive_check("decision", wanted, hole);
  if (story.decided_after < 0) {
    return failed_check("decision", wanted, "never", "no more replicas were ever desired than before the load");
  }
  return failed_check(
      "decision", wanted, span(story.decided_after),
      fmt::format("more replicas were desired {} after the load began > {}", span(story.decided_after), wanted));
}

Check ready_check(const ScalingStory& story, double reach, Milliseconds within, const std::string& hole) {
  auto wanted = human_duration(within);
  const auto limit = static_cast<double>(within.count()) / 1000;
  if (story.ready_lag >= 0 && story.ready_lag <= limit + close_enough) {
    return passed_check(
        "ready", wanted, span(story.ready_lag),
        fmt::format("{} ready {} after the decision <= {}", format_replicas(reach), span(story.ready_lag), wanted));
  }
  if (!hole.empty()) return inconclusive_check("ready", wanted, hole);
  if (story.ready_lag < 0) {
    return failed_check("ready", wanted, "never", fmt::format("never {} ready", format_replicas(reach)));
  }
  return failed_check(
      "ready", wanted, span(story.ready_lag),
      fmt::format("{} ready {} after the decision > {}", format_replicas(reach), span(story.ready_lag), wanted));
}

}  // namespace

ScalingStory tell_scaling(const std::vector<Sample>& samples, const std::vector<Sample>& desired,
                          const AutoscalingExpectation& expect, const ScalingWindow& window) {
  const auto numbers = numbers_in(samples, window);
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
    if (story.first_rise_after < 0 && next->value > story.base + close_enough) {
      story.first_rise_after = next->time - window.begin;
    }
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
  tell_desired(numbers, numbers_in(desired, window), window, story);
  return story;
}

std::vector<Check> judge_scaling(const Result<std::vector<Sample>>& samples, const Result<std::vector<Sample>>& desired,
                                 const AutoscalingExpectation& expect, const ScalingWindow& window) {
  if (!samples) return {inconclusive_check("autoscaling", "replica counts", samples.error().message)};
  auto numbers =
      std::count_if(samples->begin(), samples->end(), [](const Sample& sample) { return std::isfinite(sample.value); });
  if (numbers == 0) {
    return {
        inconclusive_check("autoscaling", "replica counts",
                           samples->empty() ? "the replica query gave no data" : "the replica query gave only NaN")};
  }
  auto story = tell_scaling(*samples, desired ? *desired : std::vector<Sample>(), expect, window);
  auto hole = hole_in(*samples, window.begin, window.begin, window.read_until);
  std::vector<Check> checks;
  if (expect.reach) {
    auto deadline = window.begin + static_cast<double>(expect.within.count()) / 1000;
    checks.push_back(reach_check(story, expect,
                                 hole_in(*samples, window.begin, window.begin, std::min(deadline, window.read_until))));
  }
  const auto deaf = desired ? hole_in(*desired, window.begin, window.begin, window.end) : desired.error().message;
  if (expect.decide_within) checks.push_back(decision_check(story, *expect.decide_within, deaf));
  if (expect.ready_within && expect.reach) {
    checks.push_back(ready_check(story, *expect.reach, *expect.ready_within, deaf.empty() ? hole : deaf));
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

std::vector<Check> judge_scaling_load(const ScalingLoad& load, const AutoscalingExpectation& expect) {
  std::vector<Check> checks;
  const auto basis = fmt::format("while scaling ({} requests)", format_count(load.requests));
  if (expect.failure_ratio) {
    checks.push_back(load.requests == 0 ? inconclusive_check("failure ratio while scaling", expect.failure_ratio->text,
                                                             "no requests were sent while replicas came")
                                        : judge("failure ratio while scaling",
                                                static_cast<double>(load.failures) / static_cast<double>(load.requests),
                                                Unit::ratio, *expect.failure_ratio, basis));
  }
  if (expect.p95) {
    const auto least = least_samples(0.95);
    checks.push_back(load.timed < least
                         ? inconclusive_check("p95 while scaling", expect.p95->text,
                                              fmt::format("p95 while scaling needs at least {} requests and had {}",
                                                          least, load.timed))
                         : judge("p95 while scaling", load.p95, Unit::milliseconds, *expect.p95, basis));
  }
  if (expect.per_replica) {
    const auto wanted = fmt::format(">= {:g}", *expect.per_replica);
    const double share = load.rate_after / load.rate_before;
    const auto numbers = fmt::format("{} a replica with more of them, {} before",
                                     format_quantity(load.rate_after, Unit::requests_per_second),
                                     format_quantity(load.rate_before, Unit::requests_per_second));
    if (!std::isfinite(share)) {
      checks.push_back(inconclusive_check("per replica", wanted,
                                          "the throughput of a replica needs whole seconds of load before the first "
                                          "new replica and after the last"));
    } else {
      const bool holds = share >= *expect.per_replica - close_enough;
      const auto sentence =
          fmt::format("{}: {:.0f} % {} {:.0f} %", numbers, 100 * share, holds ? ">=" : "<", 100 * *expect.per_replica);
      checks.push_back(holds ? passed_check("per replica", wanted, fmt::format("{:.2f}", share), sentence)
                             : failed_check("per replica", wanted, fmt::format("{:.2f}", share), sentence));
    }
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
