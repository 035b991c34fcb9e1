#include "stages/load_baseline.h"

#include <gtest/gtest.h>

#include "tests/support/stage_bench.h"
#include "tests/unit/serve/fake_journal.h"

namespace quietgate {
namespace {

const LoadBaseline p95_only{{"p95"}, 0.1, {}};
const LoadMeasures base{{"p95", {101, 104, 99, 103, 107}}};

Check judged(LoadBaseline spec, const LoadMeasures& others, const LoadMeasures& candidates) {
  auto checks = judge_baseline(spec, others, candidates, "promoted commits");
  return checks.empty() ? Check{} : checks.front();
}

TEST(LoadBaseline, AShiftWithinTheMarginIsAWarning) {
  const LoadMeasures slower{{"p95", {110, 115, 108, 121, 112}}};
  auto check = judged(p95_only, base, slower);
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_EQ(check.sentence,
            "WARNING: p95 against promoted commits got worse, within the margin of 10 %: median 112 ms against 103 ms, "
            "shift +9 ms (+8.7 %), p 0.0040, 5 loads against 5");
  auto strict = p95_only;
  strict.margin = 0.05;
  EXPECT_EQ(judged(strict, base, slower).outcome, Outcome::failed);
}

TEST(LoadBaseline, WhatIsNotSignificantIsNoRegression) {
  auto none = p95_only;
  none.margin = 0;
  auto check = judged(none, base, {{"p95", {102, 105, 100, 106, 108}}});
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_EQ(
      check.sentence,
      "p95 against promoted commits: no regression: median 105 ms against 103 ms, shift +1 ms (+1.0 %), p 0.2738, 5 "
      "loads against 5");
  EXPECT_EQ(judged(none, base, {{"p95", {50, 51, 52, 53, 54}}}).outcome, Outcome::passed) << "better is no regression";
}

TEST(LoadBaseline, FewerThanFiveLoadsAreNotEnough) {
  auto check = judged(p95_only, {{"p95", {1, 2, 3, 4}}}, {{"p95", {900, 900, 900, 900, 900}}});
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_NE(check.sentence.find("not enough data: 5 loads against 4, at least 5 a side are needed"), std::string::npos)
      << check.sentence;
  EXPECT_NE(judged(p95_only, {}, {}).sentence.find("not enough data"), std::string::npos);
}

TEST(LoadBaseline, OfARateLessIsWorse) {
  const LoadBaseline rate{{"requests_per_second"}, 0.1, {}};
  const LoadMeasures before{{"requests_per_second", {800, 810, 790, 805, 795}}};
  EXPECT_EQ(judged(rate, before, {{"requests_per_second", {600, 610, 590, 605, 595}}}).outcome, Outcome::failed);
  EXPECT_EQ(judged(rate, before, {{"requests_per_second", {900, 910, 990, 905, 995}}}).outcome, Outcome::passed);
}

TEST(LoadBaseline, FailuresWhereThereWereNoneNeedATenthOfAPercent) {
  const LoadBaseline ratio{{"failure_ratio"}, 0.1, {}};
  const LoadMeasures none{{"failure_ratio", {0, 0, 0, 0, 0}}};
  EXPECT_EQ(judged(ratio, none, {{"failure_ratio", {0.0005, 0.0004, 0.0006, 0.0005, 0.0007}}}).outcome,
            Outcome::passed);
  EXPECT_EQ(judged(ratio, none, {{"failure_ratio", {0.005, 0.004, 0.006, 0.005, 0.007}}}).outcome, Outcome::failed);
  EXPECT_EQ(judged(ratio, none, none).outcome, Outcome::passed);
}

class PromotedLoads : public testing::Test {
 protected:
  PromotedLoads() : journal(bench.loop.get_executor()) {}
  Plan plan_with(int users) {
    Plan plan;
    plan.name = "sample";
    LoadSpec load;
    load.locustfile = "l.py";
    load.users = users;
    StageSpec stage;
    stage.name = "load";
    stage.body = load;
    plan.stages.push_back(stage);
    return plan;
  }
  void add(Event event) {
    Row row;
    row.sequence = static_cast<std::int64_t>(journal.rows.size()) + 1;
    row.event = std::move(event);
    journal.rows.push_back(std::move(row));
  }
  void run(std::int64_t number, Plan plan, std::vector<double> p95, bool promoted = true,
           Outcome outcome = Outcome::passed) {
    const RunId id{"sample", number};
    add(PlanCompiled{id, std::move(plan)});
    StageFinished finished;
    finished.run = id;
    finished.stage = "load";
    finished.outcome.outcome = outcome;
    finished.outcome.measured["p95"] = std::move(p95);
    add(finished);
    if (!promoted) return;
    CommitPromoted promotion;
    promotion.run = id;
    add(promotion);
  }
  LoadMeasures found(Plan own) {
    auto request = bench.request(LoadSpec{}, "load");
    request.run = {"sample", 100};
    request.journal = &journal;
    std::vector<Row> history(1);
    history[0].event = PlanCompiled{request.run, std::move(own)};
    request.history = &history;
    auto loads = promoted_loads(journal, request);
    EXPECT_TRUE(loads.ok());
    return *loads;
  }

  StageBench bench;
  FakeJournal journal;
};

TEST_F(PromotedLoads, AreOfPromotedRunsWithTheSameCourse) {
  run(1, plan_with(4), {10, 11});
  run(2, plan_with(4), {20}, false);
  run(3, plan_with(8), {30});
  auto renamed = plan_with(4);
  renamed.name = "another";
  run(4, renamed, {40});
  run(5, plan_with(4), {50});
  run(6, plan_with(4), {60}, true, Outcome::failed);  // promoted by a person, in spite of it
  EXPECT_EQ(found(plan_with(4)), (LoadMeasures{{"p95", {10, 11, 50}}})) << "oldest first";
  EXPECT_EQ(found(plan_with(8)), (LoadMeasures{{"p95", {30}}}));
  EXPECT_TRUE(found(plan_with(5)).empty());
}

TEST_F(PromotedLoads, AreOfTheLastFiveRuns) {
  for (int number = 1; number <= 9; ++number) run(number, plan_with(4), {static_cast<double>(number)});
  EXPECT_EQ(found(plan_with(4)), (LoadMeasures{{"p95", {5, 6, 7, 8, 9}}}));
}

}  // namespace
}  // namespace quietgate
