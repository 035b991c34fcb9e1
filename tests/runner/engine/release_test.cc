// From its promotion on a run releases: nothing that quietgate does by itself ends it before what it promoted is
// deployed, and where branch and deployment disagree in the end, that is said.
#include "runner/model/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// unit -> production -> release, which is kept.
struct Releasing : EngineWorld {
  explicit Releasing(const std::string& held) {
    auto production = test_stage("production", {"unit"});
    production.body = PromoteSpec{};
    auto release = test_stage("release", {"production"});
    ApplySpec kept;
    kept.keep = true;
    release.body = kept;
    compiler.plans["plan"].stages = {test_stage("unit"), production, release};
    compiler.plans["plan"].timeout = Milliseconds{30'000};
    compiler.plans["plan"].concurrency = Concurrency::supersede;
    stage.promotes = {"production"};
    stage.held = {held};
    start_service();
    request();
  }
  // As the watcher does.
  void push(std::int64_t number) {
    const RunId newer{"hello", number};
    std::vector<Event> events{RunRequested{newer, "main", "c1", "test"}};
    for (const auto& older : *journal->catalog().unfinished_runs_now())
      events.emplace_back(CancelRequested{older.id, "quietgate", "superseded by " + to_string(newer), newer});
    append(std::move(events));
  }
};

TEST(Release, HoldsNewerCommitsBackOfWhichTheNewestRuns) {
  for (const char* held : {"production", "release"}) {
    Releasing world(held);
    for (int number = 2; number <= 5; ++number) world.push(number);
    EXPECT_EQ(world.summary(1).status, RunStatus::running) << held;
    EXPECT_THAT(world.queue(),
                ElementsAre("hello/5 waits for run hello/1, which is ahead of it on main and is releasing"));
    EXPECT_EQ(world.summary(4).reason, "superseded by hello/5");
    EXPECT_THAT(world.logged, Contains("[newer run hello/5 waits: this run is releasing]"));
    world.stage.release(held);
    world.settle();
    EXPECT_EQ(world.summary(1).outcome, Outcome::passed) << world.summary(1).reason;
    EXPECT_EQ(world.summary(5).outcome, Outcome::passed) << world.summary(5).reason;
    for (int number = 2; number < 5; ++number) EXPECT_EQ(world.summary(number).outcome, Outcome::cancelled);
  }
}

TEST(Release, HasNotBegunBeforeThePromotion) {
  Releasing world("unit");
  world.push(2);
  EXPECT_EQ(world.summary(1).reason, "superseded by hello/2");
}

TEST(Release, IsNotCutByTheRunsTimeout) {
  Releasing world("release");
  world.advance(Milliseconds{40'000});
  EXPECT_EQ(world.summary().status, RunStatus::running);
  EXPECT_THAT(world.logged, Contains("[the run has timed out (30s), but it is releasing and continues]"));
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
}

TEST(Release, IsNotCutByTheEndOfWhatItWasTestedIn) {
  Releasing world("release");
  world.append({EnvironmentPlanned{"staging-env", {"hello", 1}, "unit", "fake", false, world.clock.now(), {}}});
  for (int i = 0; i < 5; ++i) world.advance(Milliseconds{2'000});
  EXPECT_THAT(world.types(), Not(Contains("CancelRequested")));
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
  EXPECT_THAT(world.destroyer.destroyed, ElementsAre("staging-env"));
}

TEST(Release, GoesOnAfterARestartWhereverThatCame) {
  for (const char* held : {"production", "release"}) {
    Releasing world(held);
    world.stop_service();
    world.append({CancelRequested{{"hello", 1}, "quietgate", "superseded by hello/2", {"hello", 2}}});
    world.advance(Milliseconds{60'000});
    world.start_service();
    world.stage.release(held);
    world.settle();
    EXPECT_EQ(world.summary().outcome, Outcome::passed) << held << ": " << world.summary().reason;
  }
}

TEST(Release, WaitsForACheckoutThatCanNotBeMadeNow) {
  Releasing world("production");
  world.stop_service();
  world.append({StageFinished{{"hello", 1}, "production", 1, {Outcome::passed}}});
  world.workspace.checkouts.clear();
  world.workspace.full = infrastructure_error("no space left on device");
  world.start_service();
  EXPECT_EQ(world.summary().status, RunStatus::running) << "nobody else would deploy what is promoted";
  world.workspace.full.reset();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
}

TEST(Release, ThatAPersonCutsSaysWhatToDo) {
  Releasing world("release");
  world.append({CancelRequested{{"hello", 1}, "ana", "cancelled by ana"}});
  EXPECT_EQ(world.summary().outcome, Outcome::cancelled);
  EXPECT_EQ(
      world.summary().reason,
      "cancelled by ana; production is at c1, but release did not deploy it: roll it back with `quietgate rollback "
      "hello/1 --reason TEXT`, or deploy it with `quietgate retry hello/1`");
}

TEST(Release, ThatIsPutBackAsksNobodyToDoSo) {
  Releasing world("release");
  RunRequested back{{"hello", 2}, "main", "c0", "rollback", {{"hello", 1}, "production", "c1", "ana", "slow"}};
  world.append({CancelRequested{{"hello", 1}, "ana", "rolled back by ana: slow"}, back});
  EXPECT_EQ(world.summary().reason, "rolled back by ana: slow");
}

TEST(Release, ThatFailsSaysWhatToDo) {
  Releasing world("release");
  world.stage.outcomes["release"].outcome = Outcome::failed;
  world.stage.outcomes["release"].reason = "web never became ready";
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.summary().reason,
            "release: web never became ready; production is at c1, but release did not deploy it: roll it back with "
            "`quietgate rollback hello/1 --reason TEXT`, or deploy it with `quietgate retry hello/1`");
}

TEST(Release, OverWhichTheBranchWentOnAsksForNothing) {
  Releasing world("release");
  world.stage.outcomes["release"].outcome = Outcome::failed;
  world.stage.outcomes["release"].reason = "production is at c2 now";
  world.stage.outcomes["release"].overtaken_by = "c2";
  world.stage.release("release");
  world.settle();
  EXPECT_EQ(world.summary().reason, "release: production is at c2 now");
}

void add(RunState& all, const Event& event) {
  fold(all, event, Time{});
}

StageSpec production(std::vector<std::string> needs = {}) {
  auto stage = test_stage("production", std::move(needs));
  stage.body = PromoteSpec{};
  return stage;
}

StageSpec release(std::vector<std::string> needs = {}) {
  auto stage = test_stage("release", std::move(needs));
  ApplySpec kept;
  kept.keep = true;
  stage.body = kept;
  return stage;
}

RunState promoted() {
  const RunId run{"hello", 1};
  RunState all;
  Plan plan;
  plan.stages = {production(), release({"production"})};
  add(all, RunRequested{run, "main", "c1", "test"});
  add(all, PlanCompiled{run, plan});
  add(all, StageStarted{run, "production", 1});
  add(all, CommitPromoted{run, "production", "production", "c0", "c1"});
  add(all, StageFinished{run, "production", 1, {Outcome::passed}});
  add(all, StageStarted{run, "release", 1});
  return all;
}

TEST(ReleaseGap, IsNotWhatBecameReadyBeforeItsWatchEnded) {
  auto all = promoted();
  EXPECT_TRUE(release_gap(all));
  add(all, EnvironmentPlanned{"hello-release", {"hello", 1}, "release", "processes", true, Time{}, {}});
  EXPECT_TRUE(release_gap(all));
  add(all, EnvironmentReady{"hello-release", {"hello", 1}});
  add(all, StageFinished{{"hello", 1}, "release", 1, {Outcome::failed, "after the release: loud"}});
  EXPECT_FALSE(release_gap(all));
  EXPECT_EQ(with_release_gap("as it ended", all), "as it ended");
}

TEST(ReleaseGap, IsNotWhatARunOfItsOwnPutsBackOrItsConditionLeftOut) {
  auto all = promoted();
  StageOutcome loud;
  loud.outcome = Outcome::failed;
  loud.roll_back = true;
  add(all, StageFinished{{"hello", 1}, "release", 1, loud});
  EXPECT_FALSE(release_gap(all));
}

TEST(ReleaseGap, IsToldOfABranchThatWasThereAlreadyAndOfAReleaseThatMayFail) {
  auto all = promoted();
  all.stages.at("production").promoted = false;
  all.stages.at("production").outcome.outputs["branch"] = "live";
  add(all, StageFinished{{"hello", 1}, "release", 1, {Outcome::failed, "no space"}});
  EXPECT_EQ(with_release_gap("", all),
            "live is at c1, but release did not deploy it (no space): deploy it with `quietgate retry hello/1`");
}

TEST(ReleaseGap, IsToldOfWhatAPersonDestroyedMeanwhile) {
  auto all = promoted();
  add(all, EnvironmentPlanned{"hello-release", {"hello", 1}, "release", "processes", true, Time{}, {}});
  add(all, EnvironmentReady{"hello-release", {"hello", 1}});
  add(all, EnvironmentDestroyed{"hello-release", {"hello", 1}, "asked for by ana"});
  add(all, StageFinished{{"hello", 1}, "release", 1, {Outcome::passed}});
  EXPECT_EQ(with_release_gap("", all),
            "production is at c1, but the deployment of release was destroyed (asked for by ana): roll it back with "
            "`quietgate rollback hello/1 --reason TEXT`, or deploy it with `quietgate retry hello/1`");
  // A later attempt made it again.
  add(all, EnvironmentPlanned{"hello-release-2", {"hello", 1}, "release", "processes", true, Time{}, {}});
  add(all, EnvironmentReady{"hello-release-2", {"hello", 1}});
  EXPECT_EQ(with_release_gap("", all), "");
}

// release, which is kept -> check -> production.
RunState deployed() {
  const RunId run{"hello", 1};
  RunState all;
  Plan plan;
  plan.stages = {release(), test_stage("check", {"release"}), production({"check"})};
  add(all, RunRequested{run, "main", "c1", "test"});
  add(all, PlanCompiled{run, plan});
  add(all, StageStarted{run, "release", 1});
  return all;
}

TEST(ReleaseGap, IsToldOfADeploymentThatIsNotPromoted) {
  auto all = deployed();
  EXPECT_FALSE(release_gap(all)) << "nothing is deployed yet";
  add(all, StageFinished{{"hello", 1}, "release", 1, {Outcome::passed}});
  EXPECT_EQ(with_release_gap("check: 1 of 2 tests failed", all),
            "check: 1 of 2 tests failed; release deployed c1, but production did not promote it: try again with "
            "`quietgate retry hello/1`, or retry the run whose commit is to be deployed instead");
  add(all, StageStarted{{"hello", 1}, "production", 1});
  add(all, StageFinished{{"hello", 1}, "production", 1, {Outcome::failed, "main moved meanwhile"}});
  EXPECT_THAT(with_release_gap("", all), HasSubstr("did not promote it (main moved meanwhile): "));
}

TEST(ReleaseGap, IsNoDeploymentWhoseBranchWasThereAlreadyOrThatIsGone) {
  auto all = deployed();
  add(all, StageFinished{{"hello", 1}, "release", 1, {Outcome::passed}});
  auto there = all;
  add(there, StageStarted{{"hello", 1}, "production", 1});
  add(there, StageFinished{{"hello", 1}, "production", 1, {Outcome::passed}});
  EXPECT_FALSE(release_gap(there));
  add(all, EnvironmentPlanned{"hello-release", {"hello", 1}, "release", "processes", true, Time{}, {}});
  add(all, EnvironmentReady{"hello-release", {"hello", 1}});
  EXPECT_TRUE(release_gap(all));
  add(all, EnvironmentDestroyed{"hello-release", {"hello", 1}, "asked for by ana"});
  EXPECT_FALSE(release_gap(all));
}

}  // namespace
}  // namespace quietgate
