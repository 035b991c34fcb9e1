#include "runner/cli/run_exit_code.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

Plan plan_of(const RunId& run) {
  Plan plan;
  plan.run = run;
  StageSpec production;
  production.name = "production";
  production.body = PromoteSpec{"production", GateSpec{}, Approval::none};
  plan.stages = {production};
  return plan;
}

TEST(RunExitCode, FollowsTheOutcome) {
  auto code = [](Outcome outcome, std::optional<GateVerdict> verdict = {}) {
    const RunId run{"hello", 1};
    RunRecord record;
    record.add({1, {}, RunRequested{run, "main", {}, ""}});
    record.add({2, {}, PlanCompiled{run, plan_of(run)}});
    record.add({3, {}, StageStarted{run, "production", 1}});
    StageOutcome ended;
    ended.outcome = outcome;
    if (verdict) ended.gate = GateJudgement{*verdict, "", {}, {}};
    record.add({4, {}, StageFinished{run, "production", 1, ended}});
    record.add({5, {}, RunFinished{run, outcome, ""}});
    return exit_code_of(record);
  };
  EXPECT_EQ(code(Outcome::passed), 0);
  EXPECT_EQ(code(Outcome::failed), 1);
  EXPECT_EQ(code(Outcome::failed, GateVerdict::loud), 1);
  EXPECT_EQ(code(Outcome::failed, GateVerdict::blind), 5);
  EXPECT_EQ(code(Outcome::inconclusive), 5);
  EXPECT_EQ(code(Outcome::error), 1);
  EXPECT_EQ(code(Outcome::cancelled), 130);
}

TEST(RunExitCode, IsTheUsersFaultWhenThePipelineIsInvalid) {
  auto code = [](Outcome outcome) {
    const RunId run{"hello", 1};
    RunRecord record;
    record.add({1, {}, RunRequested{run, "main", {}, ""}});
    record.add({2, {}, PlanRejected{run, "no `stages`", outcome}});
    record.add({3, {}, RunFinished{run, outcome, "no `stages`"}});
    return exit_code_of(record);
  };
  EXPECT_EQ(code(Outcome::failed), 2);
  EXPECT_EQ(code(Outcome::error), 1) << "as when the commit could not be fetched";
}

}  // namespace
}  // namespace quietgate
