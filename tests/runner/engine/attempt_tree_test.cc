#include "runner/engine/attempt_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Removals take as long as the test wants.
struct FakeTrees final : AttemptTrees {
  std::string written(const std::string& attempt) const override { return attempt; }
  explicit FakeTrees(EngineWorld& of) : world(of), bell(of.io.get_executor()) {}
  EngineWorld& world;
  Bell bell;
  bool slow = false;
  std::optional<Error> full;
  std::optional<Error> stays;
  std::vector<std::string> calls;
  Task<Result<std::string>> open(std::string, std::string attempt_directory, bool resume, Stop& stop) override {
    stop.throw_if_requested();
    calls.push_back((resume ? "again " : "open ") + attempt_directory);
    if (full) co_return *full;
    co_return attempt_directory + "/tree";
  }
  Task<Result<void>> close(std::string attempt_directory, Stop& stop) override {
    while (slow) co_await bell.wait(bell.rings(), stop);
    calls.push_back("close " + attempt_directory);
    if (stays) co_return *stays;
    co_return Result<void>{};
  }
  Task<Result<void>> remove(std::string folder, Stop&) override {
    calls.push_back("remove " + folder);
    co_return Result<void>{};
  }
  Task<Result<void>> clear(std::string checkout, Stop&) override {
    calls.push_back("clear " + checkout);
    world.workspace.checkouts.clear();
    co_return Result<void>{};
  }
};

StageSpec verify_stage(const std::string& name, const std::string& during) {
  auto spec = test_stage(name, {during});
  VerifySpec checks;
  checks.during = during;
  spec.body = checks;
  return spec;
}

TEST(AttemptTree, KindsWithStepsInTheTreeHaveOneOfTheirOwn) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  world.compiler.plans["plan"].stages = {test_stage("unit"), verify_stage("metrics", "unit")};
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_EQ(world.stage.trees["unit.1"], "/attempts/unit1/tree, /checkout");
  EXPECT_EQ(world.stage.trees["metrics.1"], "/checkout, /checkout");
  EXPECT_THAT(trees.calls,
              ElementsAre("remove /checkout.new", "open /attempts/unit1", "close /attempts/unit1", "clear /checkout"));
}

TEST(AttemptTree, ARetryHasAnotherOne) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  auto unit = test_stage("unit");
  unit.retry.attempts = 2;
  unit.retry.when = {RetryWhen::failed};
  StageOutcome failed;
  failed.outcome = Outcome::failed;
  world.stage.outcomes["unit"] = failed;
  world.compiler.plans["plan"].stages = {unit};
  world.start_service();
  world.request();
  world.advance(Milliseconds{600'000});
  EXPECT_EQ(world.stage.trees["unit.1"], "/attempts/unit1/tree, /checkout");
  EXPECT_EQ(world.stage.trees["unit.2"], "/attempts/unit2/tree, /checkout");
}

TEST(AttemptTree, NobodyWaitsForARemovalButTheRunsEnd) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  trees.slow = true;
  world.compiler.plans["plan"].stages = {test_stage("unit"), test_stage("more", {"unit"})};
  world.start_service();
  world.request();
  EXPECT_THAT(world.stage.started, ElementsAre("unit.1", "more.1"));
  EXPECT_NE(world.types().back(), "RunFinished");
  trees.slow = false;
  trees.bell.ring();
  world.settle();
  EXPECT_EQ(world.types().back(), "RunFinished");
  EXPECT_EQ(trees.calls.back(), "clear /checkout");
}

// Else one that is taken up again would find nothing of what its steps left.
TEST(AttemptTree, NoneIsRemovedBeforeItsAttemptsEndIsOnRecord) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.start_service();
  world.brittle->refused = "StageFinished";
  world.request();
  EXPECT_THAT(trees.calls, ElementsAre("remove /checkout.new", "open /attempts/unit1"));
  world.brittle->refused.clear();
  world.advance(Milliseconds{600'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_THAT(trees.calls, ElementsAre("remove /checkout.new", "open /attempts/unit1", "again /attempts/unit1",
                                       "close /attempts/unit1", "clear /checkout"));
}

TEST(AttemptTree, WhatStaysIsTold) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  trees.stays = infrastructure_error("can't remove /attempts/unit1/tree/mnt: something is mounted there", "unmount it");
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_THAT(world.said,
              testing::Contains("can't remove /attempts/unit1/tree/mnt: something is mounted there (unmount it)"));
}

TEST(AttemptTree, WithoutATreeNoStepBegins) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  trees.full = infrastructure_error("can't copy /checkout/a: No space left on device");
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.start_service();
  world.request();
  EXPECT_EQ(world.summary().outcome, Outcome::error);
  EXPECT_THAT(world.stage.started, testing::IsEmpty());
  EXPECT_THAT(world.summary().reason, HasSubstr("No space left on device"));
}

TEST(AttemptTree, OneThatIsTakenUpAgainIsNotMadeAnew) {
  EngineWorld world;
  FakeTrees trees(world);
  world.trees = &trees;
  world.stage.held = {"unit"};
  world.compiler.plans["plan"].stages = {test_stage("unit")};
  world.start_service();
  world.request();
  world.stop_service();
  EXPECT_THAT(trees.calls, ElementsAre("remove /checkout.new", "open /attempts/unit1"));
  world.start_service();
  EXPECT_EQ(trees.calls.back(), "again /attempts/unit1");
  world.stage.release("unit");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  EXPECT_EQ(trees.calls.back(), "clear /checkout");
}

}  // namespace
}  // namespace quietgate
