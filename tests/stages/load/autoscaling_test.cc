#include "stages/load/autoscaling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "stages/load/request_lines.h"
#include "stages/load/scaling_load.h"

namespace quietgate {
namespace {

std::vector<Check> judge_scaling(const Result<std::vector<Sample>>& samples, const AutoscalingExpectation& expect,
                                 const ScalingWindow& window) {
  return quietgate::judge_scaling(samples, std::vector<Sample>(), expect, window);
}

constexpr double origin = 1'700'000'000;

// A sample a second from `from` to `until` (seconds after the load began).
std::vector<Sample> every_second(int from, int until, const std::function<double(int)>& value) {
  std::vector<Sample> samples;
  for (int t = from; t <= until; ++t) samples.push_back({origin + t, value(t)});
  return samples;
}

ScalingWindow window(double end, double read_until) {
  return {origin, origin + end, origin + read_until};
}

const Check& find(const std::vector<Check>& checks, const std::string& name) {
  for (const auto& check : checks) {
    if (check.name == name) return check;
  }
  static const Check none{"none", "", "", Outcome::error, "no such check"};
  return none;
}

AutoscalingExpectation usual() {
  AutoscalingExpectation expect;
  expect.reach = 3;
  expect.within = Milliseconds(30'000);
  expect.never_above = 6;
  expect.settle_at = 1;
  expect.settle_within = Milliseconds(60'000);
  expect.reversals = Bound{Bound::Relation::less_equal, 1, "<= 1"};
  return expect;
}

double healthy(int t) {
  return t < 5 ? 1 : t < 8 ? 2 : t < 50 ? 4 : t < 60 ? 2 : 1;
}

// Load 0-300 s; ready 2 -> 6 at 90, 6 -> 2 at 645: reached after 90 s, down 345 s after the load ended, one reversal.
TEST(Autoscaling, TellsTheStoryOfTheDefaultAutoscaler) {
  AutoscalingExpectation expect;
  expect.reach = 6;
  expect.settle_at = 2;
  auto ready = every_second(-5, 700, [](int t) { return t < 90 ? 2.0 : t < 645 ? 6.0 : 2.0; });
  auto story = tell_scaling(ready, {}, expect, window(300, 700));
  EXPECT_EQ(story.base, 2);
  EXPECT_EQ(story.highest, 6);
  EXPECT_EQ(story.reached_after, 90);
  EXPECT_EQ(story.settled_after, 345);
  EXPECT_EQ(story.reversals, 1);
  auto desired = every_second(-5, 700, [](int t) { return t < 45 ? 2.0 : t < 615 ? 6.0 : 2.0; });
  story = tell_scaling(desired, {}, expect, window(300, 700));
  EXPECT_EQ(story.reached_after, 45);
  EXPECT_EQ(story.settled_after, 315);
  EXPECT_EQ(story.reversals, 1);
}

TEST(Autoscaling, PassesAHealthyService) {
  auto checks = judge_scaling(every_second(-5, 70, healthy), usual(), window(45, 70));
  ASSERT_EQ(checks.size(), 4u);
  for (const auto& check : checks) EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  EXPECT_EQ(find(checks, "reach").sentence, "1 -> 3 replicas in 8s <= 30s");
  EXPECT_EQ(find(checks, "never above").sentence, "4 replicas at the highest <= 6");
  EXPECT_EQ(find(checks, "settle").sentence, "back at 1 replica 15s after the load ended <= 1m");
  EXPECT_EQ(find(checks, "reversals").sentence, "reversals 1 <= 1");
}

TEST(Autoscaling, FailsAServiceThatDoesNotScale) {
  auto checks = judge_scaling(every_second(-5, 70, [](int) { return 1.0; }), usual(), window(45, 70));
  EXPECT_EQ(find(checks, "reach").outcome, Outcome::failed);
  EXPECT_EQ(find(checks, "reach").sentence, "at most 1 replica < 3 within 30s (started at 1)");
}

TEST(Autoscaling, FailsWhatIsLateOrTooMuchOrSwings) {
  auto late =
      judge_scaling(every_second(-5, 70, [](int t) { return t < 31 || t > 60 ? 1.0 : 3.0; }), usual(), window(45, 70));
  EXPECT_EQ(find(late, "reach").sentence, "1 -> 3 replicas in 31s > 30s");
  EXPECT_EQ(find(late, "reach").outcome, Outcome::failed);
  auto on_time =
      judge_scaling(every_second(-5, 70, [](int t) { return t < 30 || t > 60 ? 1.0 : 3.0; }), usual(), window(45, 70));
  EXPECT_EQ(find(on_time, "reach").outcome, Outcome::passed);
  auto much =
      judge_scaling(every_second(-5, 70, [](int t) { return t == 20 ? 7.0 : healthy(t); }), usual(), window(45, 70));
  EXPECT_EQ(find(much, "never above").outcome, Outcome::failed);
  EXPECT_EQ(find(much, "never above").sentence, "7 replicas at the highest > 6");
  auto swing =
      judge_scaling(every_second(-5, 70, [](int t) { return t == 20 ? 3.0 : healthy(t); }), usual(), window(45, 70));
  EXPECT_EQ(find(swing, "reversals").sentence, "reversals 3 > 1");
}

TEST(Autoscaling, FailsWhatDoesNotComeBack) {
  auto up = judge_scaling(every_second(-5, 110, [](int t) { return t < 8 ? 1.0 : 4.0; }), usual(), window(45, 110));
  EXPECT_EQ(find(up, "settle").outcome, Outcome::failed);
  EXPECT_EQ(find(up, "settle").sentence, "4 replicas instead of 1 1m after the load ended");
  auto late = judge_scaling(every_second(-5, 110, [](int t) { return t < 8 || t >= 106 ? 1.0 : 4.0; }), usual(),
                            window(45, 110));
  EXPECT_EQ(find(late, "settle").outcome, Outcome::failed);
  // A dip to the number is no settling: only the last unbroken time at it counts.
  auto dip = judge_scaling(every_second(-5, 110, [](int t) { return t < 8 || t == 50 ? 1.0 : 4.0; }), usual(),
                           window(45, 110));
  EXPECT_EQ(find(dip, "settle").outcome, Outcome::failed);
}

TEST(Autoscaling, ABaseThatIsThereAlreadyProvesNothing) {
  auto checks = judge_scaling(every_second(-5, 70, [](int t) { return t > 50 ? 1.0 : 3.0; }), usual(), window(45, 70));
  EXPECT_EQ(find(checks, "reach").outcome, Outcome::inconclusive);
  EXPECT_EQ(find(checks, "reach").sentence, "already 3 replicas before the load: reaching 3 would prove nothing");
}

TEST(Autoscaling, AHoleNeverPasses) {
  auto samples = every_second(-5, 70, healthy);
  std::erase_if(samples, [](const Sample& s) { return s.time > origin + 20 && s.time < origin + 27; });
  auto checks = judge_scaling(samples, usual(), window(45, 70));
  EXPECT_EQ(find(checks, "reach").outcome, Outcome::passed) << "it was seen at 8 s, whatever came later";
  EXPECT_EQ(find(checks, "never above").outcome, Outcome::inconclusive);
  EXPECT_EQ(find(checks, "never above").sentence, "no replica count from 20s to 27s after the load began");
  EXPECT_EQ(find(checks, "reversals").outcome, Outcome::inconclusive);
  EXPECT_EQ(find(checks, "settle").outcome, Outcome::passed);
  auto nan = every_second(-5, 70, [](int t) { return t > 20 && t < 27 ? std::nan("") : healthy(t); });
  EXPECT_EQ(find(judge_scaling(nan, usual(), window(45, 70)), "never above").outcome, Outcome::inconclusive);
}

TEST(Autoscaling, AHoleAtEitherEndNeverPasses) {
  auto late = every_second(10, 70, healthy);
  EXPECT_EQ(find(judge_scaling(late, usual(), window(45, 70)), "never above").outcome, Outcome::inconclusive);
  auto cut = every_second(-5, 63, healthy);
  EXPECT_EQ(find(judge_scaling(cut, usual(), window(45, 70)), "settle").outcome, Outcome::inconclusive);
}

TEST(Autoscaling, WhatIsCertainFailsDespiteAHole) {
  auto samples = every_second(-5, 70, [](int t) { return t == 15 ? 9.0 : healthy(t); });
  std::erase_if(samples, [](const Sample& s) { return s.time > origin + 20 && s.time < origin + 30; });
  EXPECT_EQ(find(judge_scaling(samples, usual(), window(45, 70)), "never above").outcome, Outcome::failed);
}

TEST(Autoscaling, NoSeriesNeverPasses) {
  for (const auto& checks :
       {judge_scaling(std::vector<Sample>{}, usual(), window(45, 70)),
        judge_scaling(every_second(0, 70, [](int) { return std::nan(""); }), usual(), window(45, 70)),
        judge_scaling(infrastructure_error("http://x refused"), usual(), window(45, 70))}) {
    ASSERT_EQ(checks.size(), 1u);
    EXPECT_EQ(checks[0].outcome, Outcome::inconclusive);
  }
  EXPECT_EQ(judge_scaling(std::vector<Sample>{}, AutoscalingExpectation{}, window(45, 70))[0].outcome,
            Outcome::inconclusive);
}

TEST(Autoscaling, WaitsUntilItStandsStill) {
  auto expect = usual();
  auto series = [&](int from, int until) { return every_second(from, until, [](int) { return 1.0; }); };
  EXPECT_TRUE(settled(series(45, 48), expect, origin + 45));
  EXPECT_FALSE(settled(series(45, 47), expect, origin + 45)) << "not long enough";
  EXPECT_FALSE(settled(series(40, 47), expect, origin + 45)) << "what was before the end of the load does not count";
  EXPECT_FALSE(settled({}, expect, origin));
  auto moving = series(45, 60);
  moving.back().value = 2;
  EXPECT_FALSE(settled(moving, expect, origin + 45));
}

// ALERTS.md, section 4: decision 45, ready lag 45, down decision 315, down total 345, reversals 1.
TEST(Autoscaling, TellsDecisionsFromReadiness) {
  AutoscalingExpectation expect;
  expect.reach = 6;
  auto ready = every_second(-5, 700, [](int t) { return t < 90 ? 2.0 : t < 645 ? 6.0 : 2.0; });
  auto desired = every_second(-5, 700, [](int t) { return t < 45 ? 2.0 : t < 615 ? 6.0 : 2.0; });
  auto story = tell_scaling(ready, desired, expect, window(300, 700));
  EXPECT_EQ(story.decided_after, 45);
  EXPECT_EQ(story.ready_lag, 45);
  EXPECT_EQ(story.first_rise_after, 90);
  EXPECT_EQ(story.decided_down_after, 315);
  EXPECT_EQ(story.down_after, 345);
  EXPECT_EQ(story.reversals, 1);
  expect.decide_within = Milliseconds(45'000);
  expect.ready_within = Milliseconds(44'000);
  expect.within = Milliseconds(90'000);
  auto checks = quietgate::judge_scaling(ready, desired, expect, window(300, 700));
  EXPECT_EQ(find(checks, "decision").sentence, "more replicas were desired 45s after the load began <= 45s");
  EXPECT_EQ(find(checks, "ready").sentence, "6 replicas ready 45s after the decision > 44s");
  EXPECT_EQ(find(checks, "ready").outcome, Outcome::failed);
}

TEST(Autoscaling, ReversalsAreThoseOfTheAutoscaler) {
  AutoscalingExpectation expect;
  expect.reversals = Bound{Bound::Relation::less_equal, 1, "<= 1"};
  auto flapping = every_second(-5, 70, [](int t) { return t < 10 ? 1.0 : t % 7 == 0 ? 2.0 : 3.0; });
  auto desired = every_second(-5, 70, [](int t) { return t < 8 ? 1.0 : t < 60 ? 3.0 : 1.0; });
  EXPECT_EQ(find(quietgate::judge_scaling(flapping, desired, expect, window(45, 70)), "reversals").outcome,
            Outcome::passed)
      << "a replica that is not ready for a moment is no decision";
  EXPECT_EQ(find(judge_scaling(flapping, expect, window(45, 70)), "reversals").outcome, Outcome::failed);
}

TEST(Autoscaling, ADesiredCountThatIsNotKnownProvesNothing) {
  auto expect = usual();
  expect.decide_within = Milliseconds(30'000);
  expect.ready_within = Milliseconds(30'000);
  auto ready = every_second(-5, 70, healthy);
  for (const Result<std::vector<Sample>>& desired : {Result<std::vector<Sample>>(infrastructure_error("refused")),
                                                     Result<std::vector<Sample>>(std::vector<Sample>())}) {
    auto checks = quietgate::judge_scaling(ready, desired, expect, window(45, 70));
    EXPECT_EQ(find(checks, "decision").outcome, Outcome::inconclusive);
    EXPECT_EQ(find(checks, "ready").outcome, Outcome::inconclusive);
    EXPECT_EQ(find(checks, "reach").outcome, Outcome::passed) << "what is known is judged";
  }
  auto never = every_second(-5, 70, [](int) { return 1.0; });
  EXPECT_EQ(find(quietgate::judge_scaling(ready, never, expect, window(45, 70)), "decision").outcome, Outcome::failed);
}

// What is desired is asked for less often, or of another target: it may be seen after the replicas that it led to.
TEST(Autoscaling, ReadyReplicasMayBeSeenBeforeTheDecision) {
  auto expect = usual();
  expect.decide_within = expect.ready_within = Milliseconds(30'000);
  auto ready = every_second(-5, 70, [](int t) { return t < 20 || t > 50 ? 1.0 : 3.0; });
  auto desired = every_second(-5, 70, [](int t) { return t < 25 || t > 50 ? 1.0 : 3.0; });
  auto checks = quietgate::judge_scaling(ready, desired, expect, window(45, 70));
  EXPECT_EQ(find(checks, "reach").sentence, "1 -> 3 replicas in 20s <= 30s");
  EXPECT_EQ(find(checks, "ready").outcome, Outcome::passed);
  EXPECT_EQ(find(checks, "ready").sentence, "3 replicas ready 0ms after the decision <= 30s");
  auto never = every_second(-5, 70, [](int) { return 1.0; });
  EXPECT_EQ(find(quietgate::judge_scaling(never, desired, expect, window(45, 70)), "ready").sentence,
            "never 3 replicas ready");
  checks = quietgate::judge_scaling(ready, never, expect, window(45, 70));
  EXPECT_EQ(find(checks, "decision").outcome, Outcome::failed);
  EXPECT_EQ(find(checks, "ready").outcome, Outcome::inconclusive) << "there is nothing to count from";
  EXPECT_EQ(find(checks, "ready").sentence,
            "3 replicas ready 20s after the load began, without a decision to count from");
}

TEST(Autoscaling, ADecisionJustBeforeTheBeginIsTheLoadsAndAnEarlierOneIsNot) {
  auto expect = usual();
  expect.decide_within = expect.ready_within = Milliseconds(15'000);
  auto ready = every_second(-5, 70, [](int t) { return t < 12 || t > 50 ? 1.0 : t < 45 ? 3.0 : 4.0; });
  auto with_decision_at = [&](int when) {
    return quietgate::judge_scaling(
        ready, every_second(-5, 70, [&](int t) { return t < when || t > 50 ? 1.0
                                                        : t < 40           ? 3.0
                                                                           : 4.0; }), expect,
        window(45, 70));
  };
  auto just = with_decision_at(-1);
  EXPECT_EQ(find(just, "decision").sentence, "more replicas were desired 0ms after the load began <= 15s");
  EXPECT_EQ(find(just, "ready").sentence, "3 replicas ready 12s after the decision <= 15s");
  EXPECT_EQ(find(just, "reversals").sentence, "reversals 1 <= 1");
  for (const int earlier : {-3, -100}) {
    auto checks = with_decision_at(earlier);
    EXPECT_EQ(find(checks, "decision").outcome, Outcome::inconclusive) << "the one at 40 s is not the one to 3";
    EXPECT_EQ(find(checks, "decision").sentence, "more replicas were already desired before the load began");
    EXPECT_EQ(find(checks, "ready").outcome, Outcome::inconclusive);
    EXPECT_EQ(find(checks, "reach").outcome, Outcome::passed);
  }
}

TEST(Autoscaling, WhatIsDesiredStaysBelowTheCeilingToo) {
  AutoscalingExpectation expect;
  expect.never_above = 4;
  auto ready = every_second(-5, 70, [](int t) { return t < 10 ? 1.0 : 3.0; });
  auto above = every_second(-5, 70, [](int t) { return t < 10 ? 1.0 : 50.0; });
  auto check = find(quietgate::judge_scaling(ready, above, expect, window(45, 70)), "never above");
  EXPECT_EQ(check.outcome, Outcome::failed);
  EXPECT_EQ(check.sentence, "50 replicas desired at the highest > 4");
  auto earlier = every_second(-5, 70, [](int t) { return t < -2 ? 50.0 : 3.0; });
  EXPECT_EQ(find(quietgate::judge_scaling(ready, earlier, expect, window(45, 70)), "never above").outcome,
            Outcome::passed)
      << "what was before the load is not its doing";
}

TEST(Autoscaling, AHoleInWhatIsDesiredNeverPasses) {
  auto expect = usual();
  expect.ready_within = Milliseconds(10'000);
  auto ready = every_second(-5, 70, healthy);
  auto desired = every_second(-5, 70, [](int t) { return t < 4 ? 1.0 : t < 50 ? 4.0 : 1.0; });
  for (const auto& check : quietgate::judge_scaling(ready, desired, expect, window(45, 70))) {
    EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  }
  auto holed = desired;
  std::erase_if(holed, [](const Sample& s) { return s.time > origin + 10 && s.time < origin + 49; });
  auto checks = quietgate::judge_scaling(ready, holed, expect, window(45, 70));
  EXPECT_EQ(find(checks, "reversals").outcome, Outcome::inconclusive);
  EXPECT_EQ(find(checks, "reversals").sentence, "no count of desired replicas from 10s to 49s after the load began");
  EXPECT_EQ(find(checks, "never above").outcome, Outcome::inconclusive);
  EXPECT_EQ(find(checks, "ready").outcome, Outcome::passed) << "the decision was seen before";
  auto late = desired;
  std::erase_if(late, [](const Sample& s) { return s.time > origin - 3 && s.time < origin + 7; });
  EXPECT_EQ(find(quietgate::judge_scaling(ready, late, expect, window(45, 70)), "ready").outcome, Outcome::inconclusive)
      << "the decision may have been long before it was seen";
  auto nan = every_second(-5, 70, [](int) { return std::nan(""); });
  EXPECT_EQ(find(quietgate::judge_scaling(ready, nan, expect, window(45, 70)), "reversals").outcome,
            Outcome::inconclusive);
  EXPECT_EQ(find(quietgate::judge_scaling(every_second(-5, 4, [](int) { return 1.0; }), nan, expect, window(3, 4)),
                 "reversals")
                .outcome,
            Outcome::inconclusive)
      << "however short the load";
}

TEST(Autoscaling, AnErrorOfWhatIsDesiredIsNotReplacedByWhatIsReady) {
  const Result<std::vector<Sample>> broken = user_error("the replica query gave 2 series instead of one");
  auto checks = quietgate::judge_scaling(every_second(-5, 70, healthy), broken, usual(), window(45, 70));
  for (const auto* name : {"reversals", "never above"}) {
    EXPECT_EQ(find(checks, name).outcome, Outcome::inconclusive) << name;
    EXPECT_EQ(find(checks, name).sentence, "the desired replicas: the replica query gave 2 series instead of one");
  }
  EXPECT_EQ(find(checks, "reach").outcome, Outcome::passed);
  EXPECT_EQ(find(checks, "settle").outcome, Outcome::passed);
  EXPECT_FALSE(unheard(broken, window(45, 70), 10).empty());
  EXPECT_TRUE(unheard(std::vector<Sample>(), window(45, 70), 10).empty()) << "nobody says it, nobody was asked";
}

ResponseTimes some(std::int64_t count, double milliseconds) {
  ResponseTimes times;
  times.add(bucket_of(milliseconds), count);
  times.set_extremes(static_cast<double>(count) * milliseconds, milliseconds, milliseconds);
  return times;
}

TEST(Autoscaling, JudgesTheLoadWhileReplicasCome) {
  AutoscalingExpectation expect;
  expect.reach = 3;
  expect.failure_ratio = Bound{Bound::Relation::less_equal, 0.01, "<= 1%"};
  expect.p95 = Bound{Bound::Relation::less_equal, 500, "<= 500ms"};
  expect.per_replica = 0.7;
  ScalingLoad load;
  load.requests = 1000;
  load.failures = 20;
  load.times = some(1000, 300);
  load.rate_before = 100;
  load.rate_after = 69;
  auto checks = judge_scaling_load(load, expect);
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[0].sentence, "failure ratio while scaling 0.020 > 0.01 (1,000 requests)");
  EXPECT_EQ(checks[1].outcome, Outcome::passed);
  EXPECT_EQ(checks[2].sentence, "69 req/s for each replica after scaling, 100 req/s before: 69 % < 70 %");
  load.rate_after = 70;
  EXPECT_EQ(judge_scaling_load(load, expect)[2].outcome, Outcome::passed);
  for (const auto& check : judge_scaling_load({0, 0, {}, std::nan(""), std::nan(""), {}}, expect)) {
    EXPECT_EQ(check.outcome, Outcome::inconclusive) << check.sentence;
  }
}

// A ramp is short: what so few requests show holds with confidence, or not at all.
TEST(Autoscaling, TooFewRequestsWhileReplicasComeProveNothing) {
  AutoscalingExpectation expect;
  expect.failure_ratio = Bound{Bound::Relation::less_equal, 0.01, "<= 1%"};
  expect.p95 = Bound{Bound::Relation::less_equal, 500, "<= 500ms"};
  ScalingLoad load;
  load.requests = 3;
  load.times = some(3, 10);
  auto checks = judge_scaling_load(load, expect);
  EXPECT_EQ(checks[0].outcome, Outcome::inconclusive);
  EXPECT_EQ(
      checks[0].sentence,
      "failure ratio while scaling 0.000 <= 0.01 (3 requests), but its upper limit with 95 % confidence is 0.632: at "
      "least 299 requests would tell");
  EXPECT_EQ(checks[1].sentence, "p95 while scaling needs at least 59 requests, but had 3");
  load.requests = 299;
  load.times = some(97, 10);
  load.times.merge(some(3, 900));
  checks = judge_scaling_load(load, expect);
  EXPECT_EQ(checks[0].outcome, Outcome::passed) << checks[0].sentence;
  EXPECT_EQ(checks[1].outcome, Outcome::inconclusive) << "the p95 seen is 10 ms, the one behind it may be 900 ms";
  load.unknown = "the desired replicas: refused";
  for (const auto& check : judge_scaling_load(load, expect)) {
    EXPECT_EQ(check.outcome, Outcome::inconclusive) << "another begin would be of other requests";
    EXPECT_NE(check.sentence.find("the desired replicas: refused"), std::string::npos);
  }
}

}  // namespace
}  // namespace quietgate
