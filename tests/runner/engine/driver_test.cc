#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

StageOutcome ended(Outcome outcome, const std::string& reason) {
  StageOutcome result;
  result.outcome = outcome;
  result.reason = reason;
  return result;
}

TEST(Driver, RunsStagesInOrderAndRecordsEachVerb) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("unit"), test_stage("more", {"unit"})};
  world.start_service();
  world.request();
  EXPECT_THAT(world.types(), ElementsAre("RunRequested", "PlanCompiled", "StageStarted", "StageFinished",
                                         "StageStarted", "StageFinished", "RunFinished"));
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_TRUE(world.workspace.checkouts.empty()) << "the checkout is cleaned after the run";
}

TEST(Driver, AStageIsGivenTheOutcomesThatItJudgesAndNoOthers) {
  EngineWorld world;
  auto load = test_stage("load");
  auto verify = test_stage("verify", {"load"});
  VerifySpec checks;
  checks.during = "load";
  verify.body = checks;
  auto promote = test_stage("production", {"verify"});
  PromoteSpec gated;
  gated.gate.emplace();
  gated.gate->during = {"load", "verify"};
  promote.body = gated;
  world.compiler.plans["plan"].stages = {load, verify, promote};
  world.stage.outcomes["load"] = ended(Outcome::passed, "fast");
  world.start_service();
  world.request();
  EXPECT_THAT(world.stage.judged["load"], testing::IsEmpty());
  EXPECT_THAT(world.stage.judged["verify"], ElementsAre("load: fast"));
  EXPECT_THAT(world.stage.judged["production"], ElementsAre("load: fast", "verify: "));
}

StageSpec deploy_from(std::vector<std::string> from) {
  auto deploy = test_stage("deploy", {"build"});
  deploy.from = std::move(from);
  return deploy;
}

TEST(Driver, AStageIsGivenWhatTheLastAttemptOfAnotherKept) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("build"), deploy_from({"build"})};
  world.stage.outcomes["build"] = ended(Outcome::passed, "built");
  world.stage.outcomes["build"].artifacts = ArtifactsKept{1, 6, std::string(64, 'a')};
  world.start_service();
  world.request();
  EXPECT_THAT(world.stage.given["build"], testing::IsEmpty());
  EXPECT_THAT(world.stage.given["deploy"], ElementsAre("build: /attempts/build1"));
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Driver, AStageThatIsPromisedArtifactsNeverBeginsWithoutThem) {
  for (const bool passed : {true, false}) {
    EngineWorld world;
    auto build = test_stage("build");
    build.continue_on_error = true;
    auto deploy = deploy_from({"build"});
    deploy.condition = "always()";
    world.compiler.plans["plan"].stages = {build, deploy};
    world.stage.outcomes["build"] = ended(passed ? Outcome::passed : Outcome::failed, "");
    world.start_service();
    world.request();
    EXPECT_THAT(world.stage.started, ElementsAre("build.1"));
    EXPECT_EQ(world.summary().outcome, Outcome::failed);
    EXPECT_THAT(world.summary().reason, HasSubstr(passed ? "build kept no artifacts" : "build has not passed"));
  }
}

TEST(Driver, ABrokenPipelineFileIsAFailedRunWithItsDiagnostic) {
  EngineWorld world;
  world.start_service();
  world.request();
  EXPECT_THAT(world.types(), ElementsAre("RunRequested", "PlanRejected", "RunFinished"));
  EXPECT_EQ(world.summary().outcome, Outcome::failed);
  EXPECT_THAT(world.summary().reason, HasSubstr(".quietgate.yaml:1:1: error"));
}

TEST(Driver, APlanThatTheCommitsFilesRefuseNeverStartsAStage) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.check.concerned = true;
  world.check.refusal = user_error("a.yml:3: A can never fire", "lengthen the load");
  world.start_service();
  world.request();
  EXPECT_THAT(world.types(), ElementsAre("RunRequested", "PlanRejected", "RunFinished"));
  EXPECT_EQ(world.summary().outcome, Outcome::failed);
  EXPECT_EQ(world.summary().reason, "a.yml:3: A can never fire");
  EXPECT_TRUE(world.workspace.checkouts.empty()) << "nobody else would remove it";
  world.check.refusal = infrastructure_error("promtool could not be started");
  world.request(2);
  EXPECT_EQ(world.summary(2).outcome, Outcome::error);
  world.check.refusal.reset();
  world.request(3);
  EXPECT_EQ(world.summary(3).outcome, Outcome::passed);
  EXPECT_EQ(world.check.checked, 3);
}

TEST(Driver, AMissingPipelineFileIsAFailedRun) {
  EngineWorld world;
  world.git.commits["c1"].files.clear();
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().reason, "there is no .quietgate.yaml at commit c1");
}

TEST(Driver, AnUnreachableRemoteIsAnErrorOfOurs) {
  EngineWorld world;
  world.git.commits.clear();
  world.git.broken = infrastructure_error("http://x: refused");
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::error);
  EXPECT_EQ(world.summary().reason, "http://x: refused");
}

TEST(Driver, ACancelEndsTheRunningStageWithItsCauseAndDestroysEnvironments) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("staging"), test_stage("after", {"staging"})};
  world.stage.held = {"staging"};
  world.stage.plans_environment = {"staging"};
  world.start_service();
  auto run = world.request();
  EXPECT_EQ(world.stage.running, 1);
  world.append({CancelRequested{run, "ana", "cancelled by ana"}});
  EXPECT_EQ(world.stage.running, 0);
  EXPECT_EQ(world.summary().outcome, Outcome::cancelled);
  EXPECT_EQ(world.summary().reason, "cancelled by ana");
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("staging-env"));
  EXPECT_THAT(world.stage.started, ElementsAre("staging.1"));
}

TEST(Driver, AStageThatTakesTooLongFailsAndSaysSo) {
  EngineWorld world;
  auto slow = test_stage("slow");
  slow.timeout = Milliseconds{60'000};
  world.compiler.plans["plan"].stages = {slow};
  world.stage.held = {"slow"};
  world.start_service();
  world.request();
  world.advance(Milliseconds{59'000});
  EXPECT_EQ(world.summary().status, RunStatus::running);
  world.advance(Milliseconds{1'000});
  EXPECT_EQ(world.summary().outcome, Outcome::failed);
  EXPECT_EQ(world.summary().reason, "slow: timed out after 1m");
}

TEST(Driver, ARunThatTakesTooLongIsCancelledAndSaysSo) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("slow")};
  world.compiler.plans["plan"].timeout = Milliseconds{30'000};
  world.stage.held = {"slow"};
  world.start_service();
  world.request();
  world.advance(Milliseconds{30'000});
  EXPECT_EQ(world.summary().reason, "the run timed out after 30s");
}

TEST(Driver, GoesOnAfterARestartWithoutRunningAnythingTwice) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("unit"), test_stage("load", {"unit"})};
  world.stage.held = {"load"};
  world.start_service();
  world.request();
  world.stop_service();
  EXPECT_EQ(world.summary().status, RunStatus::running);
  EXPECT_EQ(world.types().back(), "StageStarted");
  world.start_service();
  world.stage.release("load");
  world.settle();
  EXPECT_THAT(world.stage.started, ElementsAre("unit.1", "load.1", "load.1 resumed"));
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Driver, ATimeoutCountsFromTheFirstStartOverARestart) {
  EngineWorld world;
  auto slow = test_stage("slow");
  slow.timeout = Milliseconds{60'000};
  world.compiler.plans["plan"].stages = {slow};
  world.stage.held = {"slow"};
  world.start_service();
  world.request();
  world.advance(Milliseconds{50'000});
  world.stop_service();
  world.start_service();
  world.advance(Milliseconds{10'000});
  EXPECT_EQ(world.summary().reason, "slow: timed out after 1m");
}

TEST(Driver, AClockThatWasSetBackMakesNoTimeoutLonger) {
  EngineWorld world;
  auto slow = test_stage("slow");
  slow.timeout = Milliseconds{60'000};
  world.compiler.plans["plan"].stages = {slow};
  world.stage.held = {"slow"};
  world.start_service();
  world.request();
  world.stop_service();
  world.clock.advance(Milliseconds{-3'600'000});
  world.start_service();
  world.advance(Milliseconds{60'000});
  EXPECT_EQ(world.summary().reason, "slow: timed out after 1m");
}

TEST(Driver, AtMostSoManyStagesWorkAtOnce) {
  EngineWorld world(2);
  auto& stages = world.compiler.plans["plan"].stages;
  for (int i = 0; i < 6; ++i) {
    stages.push_back(test_stage("s" + std::to_string(i)));
    world.stage.held.insert("s" + std::to_string(i));
  }
  world.start_service();
  world.request();
  EXPECT_EQ(world.stage.running, 2);
  for (int i = 0; i < 6; ++i) {
    world.stage.release("s" + std::to_string(i));
    world.settle();
  }
  EXPECT_EQ(world.stage.most_running, 2);
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Driver, RetriesOurOwnErrors) {
  EngineWorld world;
  auto flaky = test_stage("flaky");
  flaky.retry.attempts = 3;
  world.compiler.plans["plan"].stages = {flaky};
  world.stage.outcomes["flaky"] = ended(Outcome::error, "leader died");
  world.start_service();
  world.request();
  EXPECT_THAT(world.stage.started, ElementsAre("flaky.1", "flaky.2", "flaky.3"));
  EXPECT_EQ(world.summary().reason, "flaky: leader died");
}

TEST(Driver, AnEnvironmentThatCannotBeDestroyedIsKeptInSightAndTriedAgain) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("staging")};
  world.stage.plans_environment = {"staging"};
  world.destroyer.fail_times = 2;
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().status, RunStatus::finished);
  ASSERT_EQ(world.journal->catalog().environments_now()->size(), 1U);
  EXPECT_EQ((*world.journal->catalog().environments_now())[0].problem, "the state is locked");
  for (int i = 0; i < 20; ++i) world.advance(Milliseconds{2'000});
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("staging-env"));
  EXPECT_TRUE(world.journal->catalog().environments_now()->empty());
}

TEST(Driver, AKeptEnvironmentGoesOnlyWhenAPersonSaysSo) {
  EngineWorld world;
  world.start_service();
  const RunId run{"hello", 1};
  world.append({EnvironmentPlanned{"hello-release", run, "release", "fake", true, {}, {}}});
  world.advance(Milliseconds{86'400'000});
  EXPECT_TRUE(world.destroyer.destroyed.empty());
  world.append({EnvironmentDestroyRequested{"hello-release", run, "ana"}});
  world.advance(Milliseconds{2'000});
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("hello-release"));
}

TEST(Driver, AFullDiskEndsNoDriverBeforeItsStagesHaveLetGo) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("long"), test_stage("short")};
  world.stage.held = {"long", "short"};
  world.start_service();
  world.request();
  world.brittle->refused = "*";
  world.stage.release("short");
  world.settle();
  EXPECT_EQ(world.stage.running, 0) << "nobody performs a stage whose driver is gone";
  world.brittle->refused.clear();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.stage.running, 1);
  world.stage.release("long");
  world.settle();
  EXPECT_THAT(world.stage.started, ElementsAre("long.1", "short.1", "long.1 resumed", "short.1 resumed"));
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Driver, AStartThatCannotBeRecordedCostsNoSlot) {
  EngineWorld world(1);
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.start_service();
  world.brittle->refused = "StageStarted";
  world.request();
  EXPECT_TRUE(world.stage.started.empty());
  world.brittle->refused.clear();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Driver, ARunEndsOnRecordOnlyWhenItsCheckoutIsGone) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.brittle->refused = "RunFinished";
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().status, RunStatus::running);
  EXPECT_TRUE(world.workspace.checkouts.empty()) << "a crash now would leave it for ever";
  world.brittle->refused.clear();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().status, RunStatus::finished);
  EXPECT_TRUE(world.workspace.checkouts.empty());
}

TEST(Driver, RunsOfOneBranchWaitForEachOther) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.compiler.plans["plan"].concurrency = Concurrency::queue;
  world.stage.held = {"unit"};
  world.start_service();
  world.request(1);
  world.request(2);
  EXPECT_EQ(world.summary(2).status, RunStatus::requested);
  world.stage.release("unit");
  world.settle();
  EXPECT_EQ(world.summary(2).outcome, Outcome::passed);
}

TEST(Driver, AnUnprotectedBranchMayNotPromote) {
  EngineWorld world;
  auto promote = test_stage("production");
  promote.body = PromoteSpec{};
  world.compiler.plans["plan"].stages = {promote};
  world.repository.protected_branches = {"release"};
  world.start_service();
  world.request();
  EXPECT_THAT(world.summary().reason, HasSubstr("branch `main` is not protected"));
  EXPECT_TRUE(world.stage.started.empty());
}

TEST(Driver, APersonReopensAFinishedRun) {
  EngineWorld world;
  auto promote = test_stage("production");
  promote.body = PromoteSpec{};
  world.compiler.plans["plan"].stages = {promote};
  world.stage.outcomes["production"] = ended(Outcome::inconclusive, "blind");
  world.start_service();
  auto run = world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::inconclusive);
  world.stage.outcomes.clear();
  world.append({PromotionRequested{run, "ana", "checked by hand", true}});
  EXPECT_THAT(world.stage.started, ElementsAre("production.1", "production.2"));
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

// production (promote) -> release (kept)
std::vector<StageSpec> released_stages() {
  auto promote = test_stage("production");
  promote.body = PromoteSpec{"production", std::nullopt, Approval::none, {}};
  auto release = test_stage("release", {"production"});
  ApplySpec kept;
  kept.keep = true;
  release.body = kept;
  auto unit = test_stage("unit");
  promote.needs = {"unit"};
  return {unit, promote, release};
}

TEST(Driver, AnAlertAfterTheReleaseAsksForOneRollback) {
  EngineWorld world;
  world.git.commits["c0"] = {"", {{".quietgate.yaml", "plan"}}};
  world.compiler.plans["plan"].stages = released_stages();
  world.stage.held = {"release"};
  world.start_service();
  auto run = world.request();
  world.append({CommitPromoted{run, "production", "production", "c0", "c1"}});
  auto loud = ended(Outcome::failed, "after the release: loud: HighErrors");
  loud.roll_back = true;
  world.stage.outcomes["release"] = loud;
  world.brittle->refused = "StageFinished";
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.journal->catalog().runs_now("hello", 10, 0)->size(), 1U) << "neither without the other";
  world.brittle->refused.clear();
  world.stage.outcomes.clear();
  world.stage.outcomes["release"] = loud;
  world.stage.started.clear();
  world.clock.advance(Milliseconds{5'000});
  world.settle();
  auto runs = world.journal->catalog().runs_now("hello", 10, 0).value();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].commit, "c0");
  EXPECT_EQ(runs[0].cause, "rollback of hello/1 by an alert after the release: production from c1 back to c0");
  EXPECT_THAT(world.stage.started, testing::ElementsAre("release.1 resumed", "production.1", "release.1"))
      << "a rollback tests nothing; its own failed release rolls nothing back";
  EXPECT_TRUE(world.compiler.puts_back);
}

TEST(Driver, ARolledBackRunDeploysNothingMore) {
  EngineWorld world;
  world.git.commits["c0"] = {"", {{".quietgate.yaml", "plan"}}};
  auto stages = released_stages();
  auto other = stages[2];
  other.name = "cdn";
  stages.push_back(other);
  world.compiler.plans["plan"].stages = stages;
  world.stage.held = {"release", "cdn"};
  world.start_service();
  auto run = world.request();
  world.append({CommitPromoted{run, "production", "production", "c0", "c1"}});
  auto loud = ended(Outcome::failed, "after the release: loud: HighErrors");
  loud.roll_back = true;
  world.stage.outcomes["release"] = loud;
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::cancelled);
  EXPECT_EQ(world.summary().reason, "rolled back: after the release: loud: HighErrors");
  EXPECT_EQ(world.journal->catalog().runs_now("hello", 10, 0)->size(), 2U);
}

// It builds nothing: what was tested and deployed then is deployed again.
TEST(Driver, ARollbackIsGivenWhatTheCommitsPromotionKept) {
  EngineWorld world;
  world.git.commits["c0"] = {"", {{".quietgate.yaml", "plan"}}};
  auto stages = released_stages();
  stages[2].from = {"unit"};
  world.compiler.plans["plan"].stages = stages;
  world.stage.outcomes["unit"] = ended(Outcome::passed, "built");
  world.stage.outcomes["unit"].artifacts = ArtifactsKept{1, 6, std::string(64, 'a')};
  world.start_service();
  auto first = world.request({"hello", 1}, "c0");
  world.append({CommitPromoted{first, "production", "production", "", "c0"}});
  auto second = world.request({"hello", 2}, "c1");
  world.append({CommitPromoted{second, "production", "production", "c0", "c1"}});
  world.stage.given.clear();
  world.stage.started.clear();
  world.append({RunRequested{{"hello", 3}, "main", "c0", "rollback", {second, "production", "c1", "ana", "slow"}}});
  EXPECT_THAT(world.stage.started, ElementsAre("production.1", "release.1"));
  EXPECT_THAT(world.stage.given["release"], ElementsAre("unit: /attempts/unit1"));
  EXPECT_EQ(world.summary(3).outcome, Outcome::passed);

  world.git.commits["c9"] = {"", {{".quietgate.yaml", "plan"}}};
  world.append({RunRequested{{"hello", 4}, "main", "c9", "rollback", {second, "production", "c1", "ana", "slow"}}});
  EXPECT_THAT(world.summary(4).reason,
              HasSubstr("the artifacts that unit kept when c9 was promoted are no longer in the journal"));
}

}  // namespace
}  // namespace quietgate
