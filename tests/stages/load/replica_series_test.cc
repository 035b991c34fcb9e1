#include "stages/load/replica_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "stages/load/autoscaling.h"

namespace quietgate {
namespace {

constexpr double origin = 1'700'000'000;

std::vector<Sample> every_second(int from, int until, const std::function<double(double)>& value) {
  std::vector<Sample> samples;
  for (int t = from; t <= until; ++t) samples.push_back({origin + t, value(t)});
  return samples;
}

// Stamps of samples that were taken at these moments.
std::vector<Sample> stamped(int from, int until, const std::function<double(double)>& taken) {
  return every_second(from, until, [&](double t) { return origin + taken(t); });
}

// What never_above says of a flat line, for a load of sixty seconds.
Check judged(const std::vector<Sample>& values, const std::vector<std::vector<Sample>>& stamps) {
  AutoscalingExpectation expect;
  expect.never_above = 4;
  return judge_scaling(known_counts(values, stamps), std::vector<Sample>(), expect,
                       {origin, origin + 50, origin + 60})[0];
}

const auto flat = every_second(-5, 60, [](double) { return 3.0; });

TEST(ReplicaSeries, AsksForTheTimesOfWhatAQueryStandsOn) {
  EXPECT_EQ(*stamp_queries("sum(app_ready_replicas)"), std::vector<std::string>{"min(timestamp(app_ready_replicas))"});
  EXPECT_EQ(*stamp_queries("sum(rate(a{b=\"c\"}[1m])) / count(d offset 5m)"),
            (std::vector<std::string>{"min(timestamp(a{b=\"c\"}))", "min(timestamp(d offset 5m)) + 300"}));
  EXPECT_TRUE(stamp_queries("vector(3)")->empty());
  EXPECT_FALSE(stamp_queries("sum(a @ 1700000000)").ok());
  EXPECT_FALSE(stamp_queries("sum(a{").ok());
}

TEST(ReplicaSeries, SamplesOfEveryFewSecondsAreEnough) {
  for (const double interval : {0.5, 1.0, 2.0, 5.0}) {
    auto check =
        judged(flat, {stamped(-5, 60, [&](double t) { return std::floor((t - 0.3) / interval) * interval + 0.3; })});
    EXPECT_EQ(check.outcome, Outcome::passed) << interval << ": " << check.sentence;
  }
}

// A Prometheus that was killed and started again answers the old sample for five minutes.
TEST(ReplicaSeries, AServerThatWasAwayIsAHole) {
  auto away = stamped(-5, 60, [](double t) { return t > 20.4 && t < 40 ? 20.4 : std::floor(t); });
  auto check = judged(flat, {away});
  EXPECT_EQ(check.outcome, Outcome::inconclusive);
  EXPECT_EQ(check.sentence, "no replica count from 21s to 40s after the load began");
  auto briefly = stamped(-5, 60, [](double t) { return t > 20.4 && t < 25 ? 20.4 : std::floor(t); });
  EXPECT_EQ(judged(flat, {briefly}).outcome, Outcome::passed);
}

TEST(ReplicaSeries, ATargetThatIsScrapedRarelyIsAHole) {
  for (const double interval : {7.0, 15.0, 60.0}) {
    auto rarely = stamped(-5, 60, [&](double t) { return std::floor(t / interval) * interval; });
    EXPECT_EQ(judged(flat, {rarely}).outcome, Outcome::inconclusive) << interval;
  }
}

TEST(ReplicaSeries, TheOldestOfWhatAQueryStandsOnDecides) {
  auto fresh = stamped(-5, 60, [](double t) { return t; });
  auto away = stamped(-5, 60, [](double t) { return t > 20 && t < 40 ? 20 : t; });
  EXPECT_EQ(judged(flat, {fresh, fresh}).outcome, Outcome::passed);
  EXPECT_EQ(judged(flat, {fresh, away}).outcome, Outcome::inconclusive);
  EXPECT_EQ(judged(flat, {away, fresh}).outcome, Outcome::inconclusive);
}

// `or vector(0)` fills a hole with a number that nobody counted.
TEST(ReplicaSeries, ANumberThatNoSampleStandsBehindIsNone) {
  auto stamps = stamped(-5, 60, [](double t) { return t; });
  std::erase_if(stamps, [](const Sample& s) { return s.time > origin + 20 && s.time < origin + 30; });
  EXPECT_EQ(judged(flat, {stamps}).sentence, "no replica count from 20s to 30s after the load began");
  EXPECT_TRUE(known_counts(flat, {{}}).empty());
  EXPECT_EQ(known_counts(flat, {}).size(), flat.size()) << "a constant stands on nothing";
}

TEST(ReplicaSeries, WantsOneSeries) {
  std::vector<Series> two(2);
  EXPECT_FALSE(single_series(two).ok());
  EXPECT_FALSE(single_series(std::vector<Series>{}).ok());
  EXPECT_EQ(single_series(infrastructure_error("refused")).error().message, "refused");
  EXPECT_EQ(single_series(std::vector<Series>{{{}, {{1, 2}}}})->size(), 1u);
}

}  // namespace
}  // namespace quietgate
