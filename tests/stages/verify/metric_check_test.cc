#include "stages/verify/metric_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

constexpr double origin = 1'700'000'000;
const SampleGrid grid{origin, origin + 45, 1};

MetricCheck error_ratio() {
  return {"error ratio", "q", {Bound::Relation::less, 0.01, "< 0.01"}};
}

Result<std::vector<Series>> one(const std::function<double(int)>& value, int from = 0, int until = 45) {
  Series series;
  for (int t = from; t <= until; ++t) series.samples.push_back({origin + t, value(t)});
  return std::vector<Series>{series};
}

TEST(MetricCheck, CountsThePointsOfItsGrid) {
  EXPECT_EQ(grid.points(), 46);
  EXPECT_EQ((SampleGrid{origin, origin + 45.9, 1}).points(), 46);
  EXPECT_EQ((SampleGrid{origin, origin + 1, 0.1}).points(), 11);
  EXPECT_EQ((SampleGrid{origin, origin - 1, 1}).points(), 0);
}

TEST(MetricCheck, PassesWhenTheBoundHoldsAtEverySample) {
  auto check = judge_samples(error_ratio(), one([](int) { return 0.0; }), grid);
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_EQ(check.sentence, "error ratio 0.000 < 0.01 at all 46 samples, highest 0.000");
}

TEST(MetricCheck, FailsAtTheFirstSampleThatBreaksIt) {
  auto check = judge_samples(error_ratio(), one([](int t) { return t == 30 || t == 31 ? 0.5 : 0.0; }), grid);
  EXPECT_EQ(check.outcome, Outcome::failed);
  EXPECT_EQ(check.sentence, "error ratio 0.500 >= 0.01 at 2 of 46 samples, first 30s into the window, highest 0.500");
  MetricCheck rate{"rate", "q", {Bound::Relation::greater_equal, 100, ">= 100"}};
  EXPECT_EQ(judge_samples(rate, one([](int t) { return t == 3 ? 40.0 : 200.0; }), grid).sentence,
            "rate 40 < 100 at 1 of 46 samples, first 3s into the window, lowest 40");
}

TEST(MetricCheck, FourLacksHaveFourSentencesAndNonePasses) {
  auto empty = judge_samples(error_ratio(), std::vector<Series>{}, grid);
  auto nan = judge_samples(error_ratio(), one([](int t) { return t == 20 ? std::nan("") : 0.0; }), grid);
  auto server = judge_samples(error_ratio(), infrastructure_error("http://x: connection refused"), grid);
  auto few = judge_samples(error_ratio(), one([](int) { return 0.0; }, 0, 30), grid);
  for (const auto& check : {empty, nan, server, few}) EXPECT_EQ(check.outcome, Outcome::inconclusive) << check.sentence;
  EXPECT_EQ(empty.sentence, "error ratio gave no data in the window");
  EXPECT_EQ(nan.sentence, "error ratio is NaN 20s into the window: there is no number to judge");
  EXPECT_EQ(server.sentence, "error ratio could not be read: http://x: connection refused");
  EXPECT_EQ(few.sentence, "error ratio has 31 of 46 samples: too few to judge");
}

TEST(MetricCheck, InfiniteAndOnlyNaNNeverPass) {
  EXPECT_EQ(
      judge_samples({"x", "q", {Bound::Relation::greater, 1, "> 1"}}, one([](int) { return INFINITY; }), grid).outcome,
      Outcome::inconclusive);
  auto check = judge_samples(error_ratio(), one([](int) { return std::nan(""); }), grid);
  EXPECT_EQ(check.outcome, Outcome::inconclusive);
  EXPECT_EQ(check.sentence, "error ratio is NaN at all 46 samples: there is no number to judge");
}

TEST(MetricCheck, ForgivesARatioItsFirstMoments) {
  auto late = [](int seconds) { return one([=](int t) { return t < seconds ? std::nan("") : 0.0; }); };
  EXPECT_EQ(judge_samples(error_ratio(), late(5), grid).outcome, Outcome::passed);
  EXPECT_EQ(judge_samples(error_ratio(), late(9), grid).outcome, Outcome::passed) << "5 s and a tenth of the rest";
  EXPECT_EQ(judge_samples(error_ratio(), late(10), grid).outcome, Outcome::inconclusive);
  EXPECT_EQ(judge_samples(error_ratio(), one([](int) { return 0.0; }, 5), grid).outcome, Outcome::passed);
  // A short window is not forgiven away.
  SampleGrid brief{origin, origin + 5, 1};
  EXPECT_EQ(judge_samples(error_ratio(), one([](int t) { return t < 5 ? std::nan("") : 0.0; }, 0, 5), brief).outcome,
            Outcome::inconclusive);
}

TEST(MetricCheck, ABrokenBoundFailsWhateverIsMissing) {
  auto check = judge_samples(error_ratio(), one([](int) { return 0.2; }, 10, 20), grid);
  EXPECT_EQ(check.outcome, Outcome::failed);
}

TEST(MetricCheck, EverySeriesMustHold) {
  auto answer = one([](int) { return 0.0; });
  answer->front().labels = {{"job", "a"}};
  answer->push_back(one([](int) { return 0.3; })->front());
  answer->back().labels = {{"__name__", "x"}, {"job", "b"}};
  auto check = judge_samples(error_ratio(), answer, grid);
  EXPECT_EQ(check.outcome, Outcome::failed);
  EXPECT_EQ(check.name, "error ratio");
  EXPECT_EQ(
      check.sentence,
      "error ratio {job=\"b\"} 0.300 >= 0.01 at 46 of 46 samples, first 0ms into the window, highest 0.300 (2 series)");
  answer->back() = one([](int) { return 0.0; }, 0, 20)->front();
  EXPECT_EQ(judge_samples(error_ratio(), answer, grid).outcome, Outcome::inconclusive);
}

TEST(MetricCheck, JudgesEquality) {
  MetricCheck up{"up", "q", {Bound::Relation::equal, 1, "== 1"}};
  EXPECT_EQ(judge_samples(up, one([](int) { return 1.0; }), grid).sentence, "up 1 = 1 at all 46 samples");
  EXPECT_EQ(judge_samples(up, one([](int t) { return t == 7 ? 0.0 : 1.0; }), grid).sentence,
            "up 0 != 1 at 1 of 46 samples, first 7s into the window");
}

}  // namespace
}  // namespace quietgate
