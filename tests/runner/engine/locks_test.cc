// Named locks in whole runs: who holds one, for how long, and what a restart makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StageSpec locked(const std::string& name, const std::string& lock, std::vector<std::string> needs = {}) {
  auto spec = test_stage(name, std::move(needs));
  spec.lock = lock;
  return spec;
}

StageSpec staging(const std::string& name, const std::string& lock) {
  auto spec = locked(name, lock);
  spec.body = ApplySpec{};
  return spec;
}

// Two repositories, whose pipelines have stages of their own.
struct Locks : testing::Test {
  EngineWorld world;
  const RunId web{"web", 1};
  const RunId shop{"shop", 1};

  void SetUp() override {
    for (const char* name : {"web", "shop"}) {
      Repository other;
      other.remote.repository = name;
      world.others.push_back(other);
      world.git.commits[name] = {"", {{".quietgate.yaml", name}}};
      world.compiler.plans[name].concurrency = Concurrency::parallel;
    }
  }
  std::vector<StageSpec>& stages(const std::string& repository) { return world.compiler.plans[repository].stages; }
  void request(const RunId& run) { world.request(run, run.repository); }
  Outcome outcome(const RunId& run) { return (*world.journal->catalog().run_now(run))->outcome; }
  RunStatus status(const RunId& run) { return (*world.journal->catalog().run_now(run))->status; }
  void release(const std::string& stage) {
    world.stage.release(stage);
    world.settle();
  }
};

TEST_F(Locks, OneStageAtATimeAcrossRepositoriesAndTheOtherSaysWhy) {
  stages("web") = {locked("a", "cluster")};
  stages("shop") = {locked("b", "cluster"), test_stage("free")};
  world.stage.held = {"a"};
  world.start_service();
  request(web);
  request(shop);
  EXPECT_THAT(world.stage.started, ElementsAre("a.1", "free.1"));
  EXPECT_THAT(world.queue(), ElementsAre("shop/1 b waits for lock cluster, held by web/1 a; next in line"));
  release("a");
  EXPECT_EQ(outcome(shop), Outcome::passed);
  EXPECT_THAT(world.queue(), IsEmpty());
}

TEST_F(Locks, AnApplyStageKeepsItUntilItsEnvironmentIsGoneAndItsRunMayUseItMeanwhile) {
  stages("web") = {staging("staging", "cluster"), locked("load", "cluster", {"staging"}), test_stage("slow", {"load"})};
  stages("shop") = {locked("b", "cluster")};
  world.stage.plans_environment = {"staging"};
  world.stage.held = {"slow"};
  world.destroyer.fail_times = 1;
  world.start_service();
  request(web);
  request(shop);
  EXPECT_THAT(world.stage.started, ElementsAre("staging.1", "load.1", "slow.1"));
  const std::string kept =
      "shop/1 b waits for lock cluster, held by web/1 staging until its environment is gone; next in line";
  EXPECT_THAT(world.queue(), ElementsAre(kept));
  release("slow");
  EXPECT_EQ(status(web), RunStatus::finished);
  EXPECT_EQ(status(shop), RunStatus::running) << "the environment could not be destroyed: the cluster is still used";
  EXPECT_THAT(world.queue(), ElementsAre(HasSubstr("held by web/1 until its environment is gone")));
  for (int i = 0; i < 10; ++i) world.advance(Milliseconds{2'000});
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("staging-env"));
  EXPECT_EQ(outcome(shop), Outcome::passed);
}

TEST_F(Locks, AKeptEnvironmentAndAStageThatMadeNoneGiveItBackAtOnce) {
  auto kept = staging("release", "cluster");
  ApplySpec keeps;
  keeps.keep = true;
  kept.body = keeps;
  stages("web") = {kept, test_stage("slow", {"release"})};
  stages("shop") = {staging("none", "cluster"), test_stage("slow2", {"none"})};
  world.stage.held = {"slow", "slow2"};
  world.start_service();
  request(web);
  request(shop);
  EXPECT_THAT(world.stage.started, ElementsAre("release.1", "slow.1", "none.1", "slow2.1"));
  request({"web", 2});
  EXPECT_THAT(world.stage.started, Contains("release.1").Times(2));
}

TEST_F(Locks, WhatGoesOnUnderItsLeaderHoldsItAfterARestartBeforeAnybodyNewCanTakeIt) {
  stages("web") = {locked("a", "cluster")};
  stages("shop") = {locked("b", "cluster")};
  world.stage.held = {"a", "b"};
  world.start_service();
  request(web);
  request(shop);
  // The waiting run is the older one now, and is taken up first.
  world.stop_service();
  world.stage.started.clear();
  world.start_service();
  EXPECT_THAT(world.stage.started, ElementsAre("a.1 resumed"));
  EXPECT_THAT(world.queue(), ElementsAre(HasSubstr("held by web/1 a; next")));
  release("a");
  EXPECT_THAT(world.stage.started, ElementsAre("a.1 resumed", "b.1"));
}

TEST_F(Locks, AWaiterThatIsOlderTakesNothingFromARunThatIsTakenUpAfterIt) {
  stages("shop") = {test_stage("first"), locked("b", "cluster", {"first"})};
  stages("web") = {locked("a", "cluster")};
  world.stage.held = {"first", "a"};
  world.start_service();
  request(shop);
  request(web);
  release("first");
  world.stop_service();
  world.stage.started.clear();
  world.start_service();
  EXPECT_THAT(world.stage.started, ElementsAre("a.1 resumed"));
}

TEST_F(Locks, AnEnvironmentThatOutlivedItsRunHoldsItsLockAfterARestart) {
  stages("web") = {staging("staging", "cluster")};
  stages("shop") = {locked("b", "cluster")};
  world.stage.plans_environment = {"staging"};
  world.destroyer.fail_times = 3;
  world.start_service();
  request(web);
  ASSERT_EQ(status(web), RunStatus::finished);
  world.stop_service();
  world.start_service();
  request(shop);
  EXPECT_EQ(status(shop), RunStatus::running);
  for (int i = 0; i < 30; ++i) world.advance(Milliseconds{2'000});
  EXPECT_EQ(outcome(shop), Outcome::passed);
}

TEST_F(Locks, ADriverThatGaveUpLeavesTheLockToTheStageThatGoesOn) {
  stages("web") = {locked("a", "cluster"), test_stage("short")};
  stages("shop") = {locked("b", "cluster")};
  world.stage.held = {"a", "short"};
  world.start_service();
  request(web);
  request(shop);
  world.brittle->refused = "StageFinished";
  release("short");
  world.advance(Milliseconds{1'000});
  EXPECT_THAT(world.stage.started, ElementsAre("a.1", "short.1")) << "its stage is still at work under its leader";
  world.brittle->refused.clear();
  world.advance(Milliseconds{5'000});
  release("a");
  EXPECT_EQ(outcome(shop), Outcome::passed);
}

TEST_F(Locks, AStartThatIsOnRecordHoldsTheLockAlthoughItsDriverCouldNotReadOn) {
  stages("web") = {locked("a", "cluster")};
  stages("shop") = {locked("b", "cluster")};
  world.stage.held = {"a"};
  world.start_service();
  world.brittle->unread_after = "StageStarted";
  request(web);
  request(shop);
  EXPECT_THAT(world.stage.started, IsEmpty());
  world.brittle->unread_after.clear();
  world.advance(Milliseconds{5'000});
  EXPECT_THAT(world.stage.started, ElementsAre("a.1 resumed"));
  release("a");
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(outcome(shop), Outcome::passed);
}

TEST_F(Locks, ACancelledRunLeavesTheLine) {
  stages("web") = {locked("a", "cluster")};
  stages("shop") = {locked("b", "cluster")};
  world.stage.held = {"a"};
  world.start_service();
  request(web);
  request(shop);
  world.append({CancelRequested{shop, "ana", "cancelled by ana"}});
  EXPECT_EQ(outcome(shop), Outcome::cancelled);
  EXPECT_THAT(world.queue(), IsEmpty());
  release("a");
  EXPECT_THAT(world.stage.started, ElementsAre("a.1"));
}

TEST_F(Locks, StagesOfOneRunShareNothingAtOnce) {
  stages("web") = {locked("a", "device"), locked("b", "device")};
  world.stage.held = {"a"};
  world.start_service();
  request(web);
  EXPECT_THAT(world.stage.started, ElementsAre("a.1"));
  release("a");
  EXPECT_THAT(world.stage.started, ElementsAre("a.1", "b.1"));
}

TEST_F(Locks, ARepositoryHasItsOwnLimit) {
  world.limits.repositories["web"] = 1;
  stages("web") = {test_stage("a"), test_stage("b")};
  stages("shop") = {test_stage("c"), test_stage("d")};
  world.stage.held = {"a", "b", "c", "d"};
  world.start_service();
  request(web);
  request(shop);
  EXPECT_THAT(world.stage.started, ElementsAre("a.1", "c.1", "d.1"));
  EXPECT_THAT(world.queue(),
              ElementsAre("web/1 b waits for a slot of its repository: 1 of 1 stages run; next in line"));
}

TEST_F(Locks, RunsOfABranchSayWhichRunTheyWaitFor) {
  world.compiler.plans["web"].concurrency = Concurrency::queue;
  stages("web") = {test_stage("a")};
  world.stage.held = {"a"};
  world.start_service();
  for (int number = 1; number <= 3; ++number) request({"web", number});
  EXPECT_THAT(world.queue(), ElementsAre("web/2 waits for run web/1, which is ahead of it on main",
                                         "web/3 waits for run web/2, which is ahead of it on main"));
  world.append({CancelRequested{{"web", 2}, "ana", "cancelled by ana"}});
  EXPECT_THAT(world.queue(), ElementsAre("web/3 waits for run web/1, which is ahead of it on main"));
  release("a");
  EXPECT_EQ(outcome({"web", 3}), Outcome::passed);
}

TEST_F(Locks, ARunThatAsksAPersonIsKnownWithoutItsRows) {
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.stage.held = {"unit"};
  world.start_service();
  const auto run = world.request();
  EXPECT_FALSE(world.supervisor->asks(run));
  const auto version = world.supervisor->version();
  world.append({ApprovalAwaited{run, "unit", "ship it?"}});
  EXPECT_TRUE(world.supervisor->asks(run));
  EXPECT_NE(world.supervisor->version(), version) << "who remembers what waits must look again";
  world.append({ApprovalGiven{run, "unit", "ana", "", true}});
  EXPECT_FALSE(world.supervisor->asks(run));
  EXPECT_TRUE(world.supervisor->asks({"hello", 9})) << "nobody can tell";
}

TEST_F(Locks, ARunThatWaitsForAPlaceHasNoCheckoutYet) {
  world.limits.stages = 1;
  stages("web") = {test_stage("a")};
  stages("shop") = {test_stage("b")};
  world.stage.held = {"a"};
  world.start_service();
  request(web);
  request(shop);
  EXPECT_THAT(world.workspace.checkouts, ElementsAre(web));
  release("a");
  EXPECT_EQ(outcome(shop), Outcome::passed);
}

}  // namespace
}  // namespace quietgate
