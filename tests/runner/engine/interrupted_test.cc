// The service died while it worked on a run, again and again: the run is given up, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* given_up = "quietgate died 3 times while it worked on this run; it is given up";

// As if the service had been killed at its work on these runs.
void die(EngineWorld& world, std::vector<RunId> at_work) {
  world.stop_service();
  world.notes.of_the_dead = std::move(at_work);
  world.start_service();
}

struct Interrupted : EngineWorld {
  explicit Interrupted(const std::string& held) {
    compiler.plans["plan"].stages = {test_stage("unit"), test_stage("more", {"unit"})};
    stage.held = {held};
    start_service();
  }
};

TEST(Interrupted, ARunWhoseAttemptItDiedOfThriceIsGivenUpWithItsSteps) {
  Interrupted world("unit");
  const auto run = world.request();
  for (int deaths = 1; deaths < 3; ++deaths) {
    die(world, {run});
    EXPECT_EQ(world.summary().status, RunStatus::running) << deaths;
  }
  world.stage.started.clear();
  die(world, {run});
  EXPECT_EQ(world.summary().outcome, Outcome::error);
  EXPECT_EQ(world.summary().reason, std::string("unit: ") + given_up);
  EXPECT_THAT(world.stage.started, IsEmpty()) << "it would die of it once more";
  EXPECT_THAT(world.ender.ended, ElementsAre("hello/1 unit.1"));
}

TEST(Interrupted, ARunThatItDiedOfBeforeThereWasAPlanIsGivenUp) {
  Interrupted world("unit");
  world.request();
  const auto waits = world.request(2);
  for (int deaths = 1; deaths <= 3; ++deaths) die(world, {waits});
  EXPECT_EQ(world.summary(1).status, RunStatus::running);
  EXPECT_EQ(world.summary(2).outcome, Outcome::error);
  EXPECT_EQ(world.summary(2).reason, given_up);
  EXPECT_THAT(world.types(2), ElementsAre("RunRequested", "RunInterrupted", "RunInterrupted", "RunInterrupted",
                                          "PlanRejected", "RunFinished"));
}

TEST(Interrupted, WhoGetsOnIsCountedAnew) {
  Interrupted world("unit");
  const auto run = world.request();
  die(world, {run});
  die(world, {run});
  world.stage.held = {"more"};
  world.stage.release("unit");
  world.settle();
  die(world, {run});
  die(world, {run});
  world.stage.release("more");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
}

TEST(Interrupted, WhoWasOnlyThereIsNotCounted) {
  Interrupted world("unit");
  world.request();
  for (int deaths = 0; deaths < 20; ++deaths) die(world, {{"other", 1}, {"hello", 7}});
  world.stage.release("unit");
  world.settle();
  EXPECT_EQ(world.summary().outcome, Outcome::passed) << world.summary().reason;
}

TEST(Interrupted, NotesAreThereWhileTheServiceWorksAndNoLonger) {
  Interrupted world("unit");
  world.request();
  EXPECT_THAT(world.notes.begun, ElementsAre("hello/1 plan", "hello/1 checkout"));
  EXPECT_THAT(world.notes.open, IsEmpty()) << "its step runs under its leader";
  world.notes.begin({"hello", 1}, "unit.1");  // by who reads what the step left
  world.stage.release("unit");
  world.settle();
  EXPECT_THAT(world.notes.open, IsEmpty());
}

}  // namespace
}  // namespace quietgate
