#include "stages/load/autoscaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "stages/attempt/expectation.h"

namespace quietgate {

namespace {

constexpr double widest_hole = 5;  // seconds
constexpr const char* nobody_says = "how many replicas were desired is not known";
constexpr const char* decided_before_the_load = "more replicas were already desired before the load began";
constexpr double close_enough = 1e-6;
constexpr double clocks_agree = 2;  // seconds, no better: a decision so shortly before the load's begin may answer it

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
std::string hole_in(const std::vector<Sample>& samples, double begin, double from, double until,
                    const char* count = "replica count") {
  double last = from;
  auto describe = [&](double to) {
    return fmt::format("no {} from {} to {} after the load began", count, span(last - begin), span(to - begin));
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
  if (story.highest_desired > ceiling + close_enough) {
    return failed_check(
        "never above", wanted, number(story.highest_desired),
        fmt::format("{} desired at the highest > {}", format_replicas(story.highest_desired), number(ceiling)));
  }
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

namespace {

std::vector<Sample> numbers_in(const std::vector<Sample>& samples, const ScalingWindow& window) {
  std::vector<Sample> numbers;
  for (const auto& sample : samples) {
    if (std::isfinite(sample.value) && sample.time <= window.read_until + close_enough) numbers.push_back(sample);
  }
  return numbers;
}

// The count that stood at this moment: the last from before it, or the first there is.
std::vector<Sample>::const_iterator standing_at(const std::vector<Sample>& numbers, double moment) {
  auto next = std::find_if(numbers.begin(), numbers.end(),
                           [&](const Sample& sample) { return sample.time > moment + close_enough; });
  return next == numbers.begin() ? next : std::prev(next);
}

// What was desired after the last fall after the load; negative: there was none.
double tell_decisions(const std::vector<Sample>& desired, const AutoscalingExpectation& expect,
                      const ScalingWindow& window, ScalingStory& story) {
  const auto base = standing_at(desired, window.begin);
  story.highest_desired = base->value;
  double last = desired.front().value, wanted = -1;
  int direction = 0;
  story.reversals = 0;
  for (const auto& sample : desired) {
    const int step = same(sample.value, last) ? 0 : (sample.value > last ? 1 : -1);
    last = sample.value;
    const bool in_load = sample.time > window.begin + close_enough;
    if (in_load) story.highest_desired = std::max(story.highest_desired, sample.value);
    if (step == 0 || (!in_load && (step < 0 || sample.time <= window.begin - clocks_agree))) continue;
    if (direction != 0 && step != direction) ++story.reversals;
    direction = step;
    if (step > 0 && story.decided_after < 0) story.decided_after = std::max(0.0, sample.time - window.begin);
    if (step > 0 || sample.time < window.end - close_enough) continue;
    if (story.decided_down_after < 0) story.decided_down_after = sample.time - window.end;
    wanted = sample.value;
  }
  const bool at_once = story.decided_after >= 0 && story.decided_after < close_enough;
  const bool enough = expect.reach ? base->value >= *expect.reach - close_enough
                                   : story.decided_after < 0 && base->value > story.base + close_enough;
  story.decided_before = enough && !at_once;
  if (story.decided_before) story.decided_after = -1;
  return wanted;
}

void tell_desired(const std::vector<Sample>& ready, const std::vector<Sample>& desired,
                  const AutoscalingExpectation& expect, const ScalingWindow& window, ScalingStory& story) {
  if (desired.empty()) return;
  const double wanted = tell_decisions(desired, expect, window, story);
  if (story.decided_after >= 0 && story.reached_after >= 0) {
    story.ready_lag = std::max(0.0, story.reached_after - story.decided_after);
  }
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
  if (story.decided_before) return inconclusive_check("decision", wanted, decided_before_the_load);
  if (story.decided_after < 0) {
    return failed_check("decision", wanted, "never", "no more replicas were ever desired than before the load");
  }
  return failed_check(
      "decision", wanted, span(story.decided_after),
      fmt::format("more replicas were desired {} after the load began > {}", span(story.decided_after), wanted));
}

// `hole`: of the ready replicas; `deaf`: why it is not known when the decision was.
Check ready_check(const ScalingStory& story, double reach, Milliseconds within, const std::string& hole,
                  const std::string& deaf) {
  auto wanted = human_duration(within);
  const auto limit = static_cast<double>(within.count()) / 1000;
  if (!deaf.empty()) return inconclusive_check("ready", wanted, deaf);
  const bool reached = story.reached_after >= 0;
  const bool in_time = story.ready_lag >= 0 && story.ready_lag <= limit + close_enough;
  if (!in_time && !hole.empty()) return inconclusive_check("ready", wanted, hole);
  if (!reached) return failed_check("ready", wanted, "never", fmt::format("never {} ready", format_replicas(reach)));
  if (story.decided_before) return inconclusive_check("ready", wanted, decided_before_the_load);
  if (story.ready_lag < 0) {
    return inconclusive_check("ready", wanted,
                              fmt::format("{} ready {} after the load began, without a decision to count from",
                                          format_replicas(reach), span(story.reached_after)));
  }
  auto sentence = fmt::format("{} ready {} after the decision {} {}", format_replicas(reach), span(story.ready_lag),
                              in_time ? "<=" : ">", wanted);
  return in_time ? passed_check("ready", wanted, span(story.ready_lag), std::move(sentence))
                 : failed_check("ready", wanted, span(story.ready_lag), std::move(sentence));
}

}  // namespace

ScalingStory tell_scaling(const std::vector<Sample>& samples, const std::vector<Sample>& desired,
                          const AutoscalingExpectation& expect, const ScalingWindow& window) {
  const auto numbers = numbers_in(samples, window);
  ScalingStory story;
  if (numbers.empty()) return story;
  const auto standing = standing_at(numbers, window.begin);
  story.base = story.highest = story.last = standing->value;
  int direction = 0;
  double settled_since = -1;
  for (auto next = std::next(standing); next != numbers.end(); ++next) {
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
  tell_desired(numbers, numbers_in(desired, window), expect, window, story);
  return story;
}

std::string unheard(const Result<std::vector<Sample>>& desired, const ScalingWindow& window, double seconds) {
  if (!desired) return "the desired replicas: " + desired.error().message;
  if (desired->empty()) return {};
  if (std::none_of(desired->begin(), desired->end(),
                   [](const Sample& sample) { return std::isfinite(sample.value); })) {
    return "the desired replicas: the query gave only NaN";
  }
  return hole_in(*desired, window.begin, window.begin, window.begin + seconds, "count of desired replicas");
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
  // Who asks for a decision needs somebody to say it.
  const bool said = !desired || !desired->empty();
  const auto no_decision = said ? unheard(desired, window, window.end - window.begin) : nobody_says;
  if (expect.decide_within) checks.push_back(decision_check(story, *expect.decide_within, no_decision));
  if (expect.ready_within && expect.reach) {
    checks.push_back(
        ready_check(story, *expect.reach, *expect.ready_within, hole,
                    story.decided_after >= 0 ? unheard(desired, window, story.decided_after) : no_decision));
  }
  const auto untold = unheard(desired, window, window.read_until - window.begin);
  if (expect.never_above) {
    checks.push_back(ceiling_check(story, *expect.never_above, hole.empty() ? untold : hole));
  }
  if (expect.settle_at) {
    checks.push_back(settle_check(story, expect, hole_in(*samples, window.begin, window.end, window.read_until)));
  }
  if (expect.reversals) {
    const auto& blind = said ? untold : hole;
    checks.push_back(blind.empty() ? judge("reversals", story.reversals, Unit::count, *expect.reversals, "")
                                   : inconclusive_check("reversals", expect.reversals->text, blind));
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
