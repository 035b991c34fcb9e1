#include "runner/model/rollback.h"

#include <gtest/gtest.h>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

const CommitId before(40, '0');
const CommitId bad(40, 'b');

StageSpec stage(const std::string& name, StageBody body, std::vector<std::string> needs = {}) {
  StageSpec spec;
  spec.name = name;
  spec.body = std::move(body);
  spec.needs = std::move(needs);
  return spec;
}

ApplySpec kept() {
  ApplySpec apply;
  apply.keep = true;
  apply.watch = WatchSpec{};
  return apply;
}

// unit -> staging -> production -> release -> smoke -> cdn; docs (kept, not after the promotion)
Plan whole_plan() {
  Plan plan;
  plan.commit = before;
  plan.concurrency = Concurrency::supersede;
  plan.hash = "f00d";
  PromoteSpec promote;
  promote.branch = "production";
  promote.gate = GateSpec{};
  promote.approval = Approval::manual;
  plan.stages = {stage("unit", TestSpec{}),
                 stage("docs", kept()),
                 stage("staging", ApplySpec{}, {"unit"}),
                 stage("production", promote, {"staging", "docs"}),
                 stage("release", kept(), {"production"}),
                 stage("smoke", TestSpec{}, {"release"}),
                 stage("cdn", kept(), {"smoke"})};
  plan.stages[4].condition = "commit.branch == 'main'";
  return plan;
}

RunState promoted_run(const CommitId& from = before) {
  RunState run;
  const RunId id{"hello", 4};
  fold(run, RunRequested{id, "main", bad, "main moved", {}}, Time{});
  auto plan = whole_plan();
  plan.run = id;
  fold(run, PlanCompiled{id, plan}, Time{});
  fold(run, CommitPromoted{id, "production", "production", from, bad}, Time{});
  return run;
}

TEST(Rollback, AsksForTheCommitThatWasThereBefore) {
  auto request = rollback_request(promoted_run(), 9, "ana", "it is slow");
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(request->run, (RunId{"hello", 9}));
  EXPECT_EQ(request->commit, before);
  EXPECT_EQ(request->branch, "main");
  EXPECT_EQ(request->rollback, (Rollback{{"hello", 4}, "production", bad, "ana", "it is slow"}));
  EXPECT_EQ(request->cause, "rollback of hello/4 by ana: production from bbbbbbb back to 0000000");
  EXPECT_EQ(rollback_request(promoted_run(), 9, "", "loud")->cause,
            "rollback of hello/4 by an alert after the release: production from bbbbbbb back to 0000000");
}

TEST(Rollback, IsRefusedWhereThereIsNothingToGoBackTo) {
  EXPECT_EQ(rollback_request(promoted_run(""), 9, "ana", "x").error().message,
            "there is nothing to go back to: production did not exist before run hello/4");
  RunState idle;
  fold(idle, RunRequested{{"hello", 5}, "main", bad, "main moved", {}}, Time{});
  EXPECT_EQ(rollback_request(idle, 9, "ana", "x").error().message, "run hello/5 promoted nothing");
  auto itself = promoted_run();
  itself.rollback = {{"hello", 3}, "production", bad, "", ""};
  EXPECT_EQ(rollback_request(itself, 9, "ana", "x").error().message, "run hello/4 is a rollback itself");
}

TEST(Rollback, DoesNothingButMoveTheBranchAndDeploy) {
  auto plan = rollback_plan(whole_plan(), {{"hello", 4}, "production", bad, "", ""});
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  ASSERT_EQ(plan->stages.size(), 3U);
  const auto& move = spec_of<PromoteSpec>(plan->stages[0].body);
  EXPECT_EQ(plan->stages[0].name, "production");
  EXPECT_TRUE(plan->stages[0].needs.empty());
  EXPECT_EQ(move.back_from, bad);
  EXPECT_FALSE(move.gate);
  EXPECT_EQ(move.approval, Approval::none);
  EXPECT_EQ(plan->stages[1].name, "release");
  EXPECT_EQ(plan->stages[1].needs, std::vector<std::string>{"production"});
  EXPECT_TRUE(plan->stages[1].condition.empty());
  EXPECT_FALSE(spec_of<ApplySpec>(plan->stages[1].body).watch);
  EXPECT_EQ(plan->stages[2].name, "cdn");
  EXPECT_EQ(plan->stages[2].needs, std::vector<std::string>{"release"}) << "the order stays";
  EXPECT_EQ(plan->concurrency, Concurrency::parallel);
  EXPECT_TRUE(plan->hash.empty());
}

TEST(Rollback, APipelineThatDoesNotPromoteThereIsRefused) {
  auto plan = rollback_plan(whole_plan(), {{"hello", 4}, "live", bad, "", ""});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().message,
            "the pipeline of commit 0000000 does not promote to live, so quietgate can't roll it back");
}

TEST(Rollback, SurvivesTheJournal) {
  const Event event = RunRequested{{"hello", 9}, "main", before, "x", {{"hello", 4}, "production", bad, "ana", "slow"}};
  auto again = event_from_json(type_of(event), to_json(event));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(std::get<RunRequested>(*again).rollback, std::get<RunRequested>(event).rollback);
  const Event plain = RunRequested{{"hello", 9}, "main", before, "x", {}};
  EXPECT_EQ(to_json(plain).find("rollback"), std::string::npos) << "rows of before are as they were";
}

// Two releases of one run: eu and us, each with a branch and a deployment of its own.
RunState two_releases() {
  RunState run;
  const RunId id{"hello", 4};
  fold(run, RunRequested{id, "main", bad, "main moved", {}}, Time{});
  Plan plan;
  plan.run = id;
  plan.commit = bad;
  PromoteSpec eu, us;
  eu.branch = "eu";
  us.branch = "us";
  plan.stages = {stage("promote-eu", eu), stage("promote-us", us), stage("deploy-eu", kept(), {"promote-eu"}),
                 stage("smoke-us", TestSpec{}, {"promote-us"}), stage("deploy-us", kept(), {"smoke-us"})};
  fold(run, PlanCompiled{id, plan}, Time{});
  fold(run, CommitPromoted{id, "promote-eu", "eu", before, bad}, Time{});
  fold(run, CommitPromoted{id, "promote-us", "us", before, bad}, Time{});
  return run;
}

TEST(Rollback, PutsBackWhatTheStageCameAfter) {
  EXPECT_EQ(rollback_request(two_releases(), 9, "", "loud", "deploy-eu")->rollback.branch, "eu");
  EXPECT_EQ(rollback_request(two_releases(), 9, "", "loud", "deploy-us")->rollback.branch, "us") << "through others";
  EXPECT_FALSE(rollback_request(two_releases(), 9, "", "loud", "promote-eu").ok());
}

TEST(Rollback, OfSeveralBranchesNoneIsPicked) {
  EXPECT_EQ(rollback_request(two_releases(), 9, "ana", "x").error().message,
            "run hello/4 promoted eu and us: quietgate can roll back only one branch");
}

}  // namespace
}  // namespace quietgate
