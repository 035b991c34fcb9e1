// What the engine does when its own ground gives way: a full disk, a repository that is configured no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A disk that is full, and then is not.
TEST(FullDisk, ARunThatTimedOutMeanwhileIsStillEnded) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("slow")};
  world.compiler.plans["plan"].timeout = Milliseconds{30'000};
  world.stage.held = {"slow"};
  world.start_service();
  world.request();
  world.brittle->refused = "*";
  world.advance(Milliseconds{30'000});
  world.brittle->refused.clear();
  for (int i = 0; i < 3; ++i) world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().reason, "the run timed out after 30s");
}

TEST(FullDisk, TimersOfDriversThatGaveUpSayNothing) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.compiler.plans["plan"].timeout = Milliseconds{30'000};
  world.start_service();
  world.stage.held = {"one"};
  world.request();
  world.brittle->refused = "*";
  world.stage.release("one");
  world.settle();
  world.brittle->refused.clear();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  world.advance(Milliseconds{60'000});
  EXPECT_EQ(world.types().back(), "RunFinished") << "a cancel came after the run's end";
}

TEST(FullDisk, ACheckoutThatCannotBeMadeAgainAbandonsNoRunningStage) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.stage.held = {"one"};
  world.start_service();
  world.request();
  world.stop_service();
  world.workspace.checkouts.clear();
  world.workspace.full = infrastructure_error("no space left on device");
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::running) << "nobody would end the stage's processes";
  world.workspace.full.reset();
  world.stage.release("one");
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
}

TEST(Reaper, AsksOnceForTheEndOfARunWhoseEnvironmentIsOverdue) {
  EngineWorld world;
  world.start_service();
  const RunId run{"elsewhere", 1};  // not configured: nobody ends it soon
  world.append({RunRequested{run, "main", "c1", "test"},
                EnvironmentPlanned{"staging-env", run, "staging", "fake", false, world.clock.now(), {}}});
  for (int i = 0; i < 20; ++i) world.advance(Milliseconds{2'000});
  int asked = 0;
  for (const auto& type : world.types(run)) asked += type == "CancelRequested" ? 1 : 0;
  EXPECT_EQ(asked, 1);
}

TEST(Reopened, ARunIsPromotedByHandLongAfterItsTimeout) {
  EngineWorld world;
  auto& plan = world.compiler.plans["plan"];
  auto promote = test_stage("production");
  promote.body = PromoteSpec{};
  plan.stages = {promote};
  plan.timeout = Milliseconds{30'000};
  StageOutcome loud;
  loud.outcome = Outcome::failed;
  world.stage.outcomes["production"] = loud;
  world.start_service();
  auto run = world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::failed);
  world.advance(Milliseconds{86'400'000});
  world.stage.outcomes.clear();
  world.stage.held = {"production"};
  world.append({PromotionRequested{run, "ana", "looked at it", true}});
  world.stage.release("production");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
}

// A stage that began before the restart and can't be taken up again after it.
struct Restarted : EngineWorld {
  explicit Restarted(std::string value = "${{ secrets.TOKEN }}") {
    auto spec = test_stage("one");
    spec.environment["TOKEN"] = std::move(value);
    compiler.plans["plan"].stages = {spec};
    compiler.plans["plan"].secrets = {"TOKEN"};
    repository.protected_branches = {"main"};
    repository.secrets["TOKEN"] = "t0ken";
    stage.held = {"one"};
    start_service();
    request();
    stop_service();
    if (stage.started.size() != 1) throw std::runtime_error("the stage did not run");
  }
};

TEST(Resumed, WhatFailsBeforeItsStageTakesItUpEndsItsSteps) {
  Restarted world;
  world.repository.secrets.clear();
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::finished);
  EXPECT_NE(world.summary().outcome, Outcome::passed);
  EXPECT_THAT(world.ender.ended, ElementsAre("hello/1 one.1")) << "its steps go on alone";
}

TEST(Resumed, AnAttemptIsOverWhenItsStepsAre) {
  Restarted world;
  world.repository.secrets.clear();
  world.ender.fail_times = 2;
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::running);
  world.advance(Milliseconds{2'000});
  EXPECT_EQ(world.summary().status, RunStatus::running);
  world.stop_service();
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::finished) << "the restart asks anew";

  Restarted hopeless;
  hopeless.repository.secrets.clear();
  hopeless.ender.fail_times = 1000;
  hopeless.start_service();
  for (int i = 0; i < 10; ++i) hopeless.advance(Milliseconds{2'000});
  EXPECT_THAT(hopeless.summary().reason, HasSubstr("its processes could not be ended: the lock is held"));
}

TEST(Resumed, APassedStageOfThisServiceIsTrusted) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_TRUE(world.ender.ended.empty());
}

// A row that was damaged before anybody read it.
TEST(Damaged, ARowIsSteppedOverAndSaid) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.compiler.plans["plan"].concurrency = Concurrency::parallel;
  world.stage.held = {"one"};
  world.start_service();
  const auto run = world.request();
  const auto bad = world.journal->last() + 2;
  world.brittle->damaged = {bad, bad + 1};
  world.append({RefMoved{}, RefMoved{}, RefMoved{}, RunRequested{{"hello", 2}, "main", "c1", "test"}});
  EXPECT_EQ(world.summary(2).status, RunStatus::running) << "nobody follows the journal any more";
  EXPECT_THAT(world.said,
              testing::Contains(HasSubstr("row " + std::to_string(bad) + " is damaged; quietgate skipped it")));
  EXPECT_THAT(world.said, testing::Contains(HasSubstr("run the doctor")));
  world.brittle->damaged.insert(world.journal->last() + 1);
  world.append({RunRequested{{"other", 1}, "main", "c1", "test"}});
  world.append({CancelRequested{run, "ana", "enough"}});
  EXPECT_EQ(world.summary(1).outcome, Outcome::cancelled);
  int said = 0;
  for (const auto& line : world.said) said += line.find("quietgate skipped it") != std::string::npos ? 1 : 0;
  EXPECT_EQ(said, 2) << "once for each place";
}

TEST(Damaged, ADiskThatCannotBeReadIsWaitedFor) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.start_service();
  world.brittle->unreadable = true;
  world.request();
  world.brittle->unreadable = false;
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_THAT(world.said, testing::Contains("the disk can't be read"));
}

// The repository was removed from the configuration, or renamed.
TEST(Removed, ARunOfARemovedRepositoryWaitsUntilItIsCancelled) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("staging")};
  world.stage.held = {"staging"};
  world.stage.plans_environment = {"staging"};
  world.start_service();
  auto run = world.request();
  world.stop_service();
  world.watches = false;
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::running);
  EXPECT_THAT(world.said, testing::Contains(HasSubstr("no longer in the configuration")));
  EXPECT_EQ(world.stage.running, 0);
  world.append({CancelRequested{run, "ana", "cancelled by ana"}});
  EXPECT_EQ(world.summary().outcome, Outcome::cancelled) << to_string(world.summary().status);
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("staging-env"));
}

TEST(Attempts, EachHasANonceOnRecord) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one"), test_stage("two")};
  world.start_service();
  world.request();
  std::set<std::string> nonces;
  for (const auto& row : *world.journal->read_now(0, 100, std::nullopt)) {
    if (const auto* started = std::get_if<StageStarted>(&row.event)) nonces.insert(started->nonce);
  }
  EXPECT_THAT(nonces, ElementsAre("nonce-1", "nonce-2"));
}

TEST(Attempts, WhatStoodInTheirPlaceIsToldAndItsStepsAreEnded) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.workspace.stale = true;
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_THAT(world.said, testing::Contains(HasSubstr("was moved to /attempts/one.stale-1")));
  EXPECT_THAT(world.ender.ended, testing::Contains("hello/1 one.1 (moved aside: 1)"));
}

// Somebody put it there who wants it to be tested; or it is a run's whose number is used again.
TEST(Checkouts, OneThatNobodyMadeIsMadeAgain) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.workspace.checkouts.insert(RunId{"hello", 1});
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_EQ(world.git.checked_out, 1);
}

TEST(Checkouts, OneOfWorkUnderWayIsKept) {
  EngineWorld world;
  world.compiler.plans["plan"].stages = {test_stage("one")};
  world.stage.held = {"one"};
  world.start_service();
  world.request();
  world.stop_service();
  world.start_service();
  world.stage.release("one");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_EQ(world.git.checked_out, 1);
}

}  // namespace
}  // namespace quietgate
