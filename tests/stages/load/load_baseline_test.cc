#include "stages/load/load_baseline.h"

#include <gtest/gtest.h>

#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

const LoadBaseline p95_only{{"p95"}, 0.1, {}};
const LoadMeasures base{{"p95", {101, 104, 99, 103, 107}}};

// Against a service that was loaded in turns with the candidate.
Check judged(LoadBaseline spec, const LoadMeasures& others, const LoadMeasures& candidates,
             const std::map<std::string, std::string>& lacking = {}) {
  auto checks = judge_baseline(spec, {"the other", {others}, true}, candidates, lacking);
  return checks.empty() ? Check{} : checks.front();
}

Check against_runs(LoadBaseline spec, const std::vector<LoadMeasures>& runs, const LoadMeasures& candidates) {
  return judge_baseline(spec, {"promoted commits", runs, false}, candidates, {}).front();
}

LoadMeasures five(const std::string& measure, double value) {
  return {{measure, {value, value * 1.01, value * 0.99, value * 1.02, value * 0.98}}};
}

TEST(LoadBaseline, AShiftWithinTheMarginIsAWarning) {
  const LoadMeasures slower{{"p95", {110, 115, 108, 121, 112}}};
  auto check = judged(p95_only, base, slower);
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_EQ(check.sentence,
            "WARNING: p95 against the other got worse, within the margin of 10 %: median 112 ms against 103 ms, "
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
  EXPECT_EQ(check.sentence,
            "p95 against the other: no regression: median 105 ms against 103 ms, shift +1 ms (+1.0 %), p 0.2738, 5 "
            "loads against 5");
  EXPECT_EQ(judged(none, base, {{"p95", {50, 51, 52, 53, 54}}}).outcome, Outcome::passed) << "better is no regression";
}

TEST(LoadBaseline, FewerThanFiveLoadsAreNotEnough) {
  auto check = judged(p95_only, {{"p95", {1, 2, 3, 4}}}, {{"p95", {900, 900, 900, 900, 900}}});
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_NE(check.sentence.find("not enough data: 5 loads against 4, at least 5 on each side are needed"),
            std::string::npos)
      << check.sentence;
  EXPECT_NE(judged(p95_only, {}, {}).sentence.find("not enough data"), std::string::npos);
}

TEST(LoadBaseline, OfARateLessIsWorse) {
  const LoadBaseline rate{{"requests_per_second"}, 0.1, {}};
  const LoadMeasures before{{"requests_per_second", {800, 810, 790, 805, 795}}};
  EXPECT_EQ(judged(rate, before, {{"requests_per_second", {600, 610, 590, 605, 595}}}).outcome, Outcome::failed);
  EXPECT_EQ(judged(rate, before, {{"requests_per_second", {900, 910, 990, 905, 995}}}).outcome, Outcome::passed);
}

// Of a million requests, ten more that fail are twice as many and nothing.
TEST(LoadBaseline, MoreFailuresAreATenthOfAPercentAtLeast) {
  const LoadBaseline ratio{{"failure_ratio"}, 0.1, {}};
  const LoadMeasures none{{"failure_ratio", {0, 0, 0, 0, 0}}};
  EXPECT_EQ(judged(ratio, none, {{"failure_ratio", {0.0005, 0.0004, 0.0006, 0.0005, 0.0007}}}).outcome,
            Outcome::passed);
  EXPECT_EQ(judged(ratio, none, {{"failure_ratio", {0.005, 0.004, 0.006, 0.005, 0.007}}}).outcome, Outcome::failed);
  EXPECT_EQ(judged(ratio, none, none).outcome, Outcome::passed);
  const LoadMeasures rare{{"failure_ratio", {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}}};
  auto twice = judged(ratio, rare, {{"failure_ratio", {2e-5, 2e-5, 2e-5, 2e-5, 2e-5}}});
  EXPECT_EQ(twice.outcome, Outcome::passed);
  EXPECT_EQ(twice.sentence,
            "WARNING: failure ratio against the other got worse, within the margin of 10 % or 0.001: median 0.000020 "
            "against 0.000010, shift +0.000010 (+100.0 %), p 0.0040, 5 loads against 5");
  auto more = judged(ratio, rare, {{"failure_ratio", {2e-3, 2e-3, 2e-3, 2e-3, 2e-3}}});
  EXPECT_EQ(more.outcome, Outcome::failed);
  const LoadMeasures often{{"failure_ratio", {0.1, 0.1, 0.1, 0.1, 0.1}}};
  EXPECT_EQ(judged(ratio, often, {{"failure_ratio", {0.105, 0.106, 0.107, 0.108, 0.109}}}).outcome, Outcome::passed)
      << "of many failures the margin is a share";
}

// Forty requests of two seconds each have no p95; a hundred of them in the same time would have had one.
TEST(LoadBaseline, ACandidateTooSlowToBeMeasuredIsNoPass) {
  const std::map<std::string, std::string> slow{{"p95", "load 1 of 5 had 40 requests after the warm-up, p95 needs 59"}};
  auto check = judged(p95_only, base, {}, slow);
  EXPECT_EQ(check.outcome, Outcome::inconclusive);
  EXPECT_EQ(check.sentence,
            "p95 against the other: cannot be compared: load 1 of 5 had 40 requests after the warm-up, p95 needs 59");
  EXPECT_EQ(judged(p95_only, base, {{"p95", {100, 101, 102, 103}}}, slow).outcome, Outcome::inconclusive);
  EXPECT_EQ(judged(p95_only, base, {{"p95", {100, 101, 102, 103, 104}}}, slow).outcome, Outcome::inconclusive)
      << "the load that could not be measured was the slowest";
  EXPECT_EQ(judged(p95_only, base, five("p95", 900), slow).outcome, Outcome::failed) << "what is certain";
  EXPECT_EQ(judge_baseline(p95_only, {"promoted commits", {base}, false}, five("p95", 900), slow)[0].outcome,
            Outcome::inconclusive)
      << "a warning passes, but not for what could not be measured";
  EXPECT_EQ(judged(p95_only, {}, {}, slow).outcome, Outcome::passed) << "there is nothing to compare with";
}

// Five tests at 0.05 each would find something wrong with every fifth good commit.
TEST(LoadBaseline, MeasuresThatAreTestedTogetherPayForIt) {
  const LoadBaseline all{{"p50", "p95", "p99", "failure_ratio", "requests_per_second"}, 0.05, {}};
  LoadMeasures others, candidates;
  for (const auto& measure : all.measures) others[measure] = candidates[measure] = {1, 2, 3, 4, 5};
  others["p95"] = {100, 101, 102, 109, 112};
  candidates["p95"] = {107, 110, 111, 113, 115};  // U 21.5 of 25
  auto alone = judged({{"p95"}, 0.05, {}}, others, candidates);
  EXPECT_EQ(alone.outcome, Outcome::failed) << alone.sentence;
  auto checks = judge_baseline(all, {"the other", {others}, true}, candidates, {});
  ASSERT_EQ(checks.size(), 5u);
  for (const auto& check : checks) EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  EXPECT_NE(checks[1].sentence.find("of 5 measures)"), std::string::npos) << checks[1].sentence;
  candidates["p95"] = {200, 201, 202, 203, 204};
  EXPECT_EQ(judge_baseline(all, {"the other", {others}, true}, candidates, {})[1].outcome, Outcome::failed)
      << "0.0040 for five measures is still 0.0198";
}

TEST(LoadBaseline, PromotedRunsDifferFromEachOther) {
  std::vector<LoadMeasures> runs;
  for (const double p95 : {100, 104, 97, 101}) runs.push_back(five("p95", p95));
  auto check = against_runs(p95_only, runs, five("p95", 150));
  EXPECT_EQ(check.outcome, Outcome::passed);
  EXPECT_EQ(
      check.sentence.substr(0, 147),
      "WARNING: p95 against promoted commits got worse, but 4 promoted runs can't tell a regression from the usual "
      "difference between runs; 5 can: median ")
      << check.sentence;
  runs.push_back(five("p95", 145));  // a busy hour
  check = against_runs(p95_only, runs, five("p95", 150));
  EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  EXPECT_NE(check.sentence.find("no more than the margin beyond the worst of 5 promoted runs, whose median was 145 ms"),
            std::string::npos)
      << check.sentence;
  check = against_runs(p95_only, runs, five("p95", 170));
  EXPECT_EQ(check.outcome, Outcome::failed) << check.sentence;
  EXPECT_EQ(check.sentence.substr(0, 45), "p95 against promoted commits got worse: media") << check.sentence;
  check = against_runs(p95_only, {five("p95", 100)}, five("p95", 150));
  EXPECT_NE(check.sentence.find("but 1 promoted run can't tell"), std::string::npos) << check.sentence;
}

TEST(LoadBaseline, OfPromotedRatesTheLowestIsTheWorst) {
  const LoadBaseline rate{{"requests_per_second"}, 0.1, {}};
  std::vector<LoadMeasures> runs;
  for (const double value : {1000, 990, 1010, 1005, 700}) runs.push_back(five("requests_per_second", value));
  EXPECT_EQ(against_runs(rate, runs, five("requests_per_second", 650)).outcome, Outcome::passed);
  EXPECT_EQ(against_runs(rate, runs, five("requests_per_second", 600)).outcome, Outcome::failed);
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
    add(StageStarted{id, "load", 1});
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
  std::vector<LoadMeasures> found(Plan own) {
    auto request = bench.request(LoadSpec{}, "load");
    request.run = {"sample", 100};
    request.journal = &journal;
    RunState state;
    fold(state, PlanCompiled{request.run, std::move(own)}, Time{});
    request.run_state = &state;
    auto loads = run_task(bench.loop, promoted_loads(journal, request));
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
  EXPECT_EQ(found(plan_with(4)), (std::vector<LoadMeasures>{{{"p95", {10, 11}}}, {{"p95", {50}}}})) << "oldest first";
  EXPECT_EQ(found(plan_with(8)), (std::vector<LoadMeasures>{{{"p95", {30}}}}));
  EXPECT_TRUE(found(plan_with(5)).empty());
}

TEST_F(PromotedLoads, AreOfTheLastFiveRuns) {
  for (int number = 1; number <= 9; ++number) run(number, plan_with(4), {static_cast<double>(number)});
  const auto runs = found(plan_with(4));
  ASSERT_EQ(runs.size(), 5u);
  EXPECT_EQ(runs.front().at("p95"), std::vector<double>{5});
  EXPECT_EQ(runs.back().at("p95"), std::vector<double>{9});
}

}  // namespace
}  // namespace quietgate
