// The clocks of runs and attempts stand still while a person is asked.
#include "runner/engine/run_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"

namespace quietgate {
namespace {

using testing::Contains;
using testing::Not;

Time at(int seconds) {
  return Time{Milliseconds{1'767'225'600'000 + 1000 * seconds}};
}

TEST(RunClock, WaitingForAPersonIsNotSpent) {
  StageState stage;
  stage.attempt_started = at(0);
  EXPECT_EQ(spent(stage, at(10)), Milliseconds{10'000});
  stage.asked = at(4);
  EXPECT_EQ(spent(stage, at(10)), Milliseconds{4'000});
  stage.asked = {};
  stage.waited = Milliseconds{6'000};
  EXPECT_EQ(spent(stage, at(12)), Milliseconds{6'000});
  EXPECT_EQ(spent(stage, at(-5)), Milliseconds{0}) << "the clock was set back";
  RunState run;
  run.timed_from = at(0);
  run.waits_since = at(3);
  EXPECT_EQ(spent(run, at(10)), Milliseconds{3'000});
  run.waits_since = {};
  run.waited = Milliseconds{7'000};
  EXPECT_EQ(spent(run, at(11)), Milliseconds{4'000});
}

struct Asked {
  EngineWorld world;
  const RunId run{"hello", 1};
  explicit Asked(std::vector<std::string> held = {"ask"}) {
    auto& plan = world.compiler.plans["plan"];
    plan.stages = {test_stage("ask"), test_stage("after", {"ask"})};
    plan.timeout = Milliseconds{30'000};
    plan.stages[0].timeout = Milliseconds{20'000};
    world.stage.held.insert(held.begin(), held.end());
    world.start_service();
    world.request();
  }
  void ask() { world.append({ApprovalAwaited{run, "ask", "go on?", at(1'000'000)}}); }
  void answer() { world.append({ApprovalGiven{run, "ask", "ana", "", true}}); }
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) world.advance(Milliseconds{1'000});
  }
};

TEST(RunClock, NeitherTheStageNorTheRunTimesOutWhileAPersonIsAsked) {
  Asked asked;
  asked.pass(10);
  asked.ask();
  asked.pass(3'600);
  EXPECT_EQ(asked.world.summary().status, RunStatus::running);
  asked.answer();
  asked.pass(9);
  EXPECT_EQ(asked.world.summary().status, RunStatus::running) << "19 of 20 s are spent";
  asked.pass(2);
  EXPECT_EQ(asked.world.summary().reason, "ask: timed out after 20s");
}

TEST(RunClock, TheRunsClockGoesOnWithTheAnswer) {
  Asked asked({"ask", "after"});
  asked.pass(10);
  asked.ask();
  asked.pass(3'600);
  asked.answer();
  asked.world.stage.release("ask");
  asked.pass(19);
  EXPECT_EQ(asked.world.summary().status, RunStatus::running) << "29 of 30 s are spent";
  asked.pass(2);
  EXPECT_EQ(asked.world.summary().reason, "the run timed out after 30s");
}

TEST(RunClock, ARestartForgetsNoTimeAndCountsNone) {
  Asked asked;
  asked.pass(10);
  asked.ask();
  asked.pass(100);
  asked.world.stop_service();
  asked.world.clock.advance(Milliseconds{86'400'000});
  asked.world.start_service();
  asked.pass(100);
  EXPECT_EQ(asked.world.summary().status, RunStatus::running);
  EXPECT_THAT(asked.world.types(), Not(Contains("CancelRequested")));
  asked.world.stop_service();
  asked.world.append({ApprovalGiven{asked.run, "ask", "ana", "", true}});
  asked.world.start_service();
  asked.pass(9);
  EXPECT_EQ(asked.world.summary().status, RunStatus::running);
  asked.pass(2);
  EXPECT_EQ(asked.world.summary().reason, "ask: timed out after 20s");
}

TEST(RunClock, WhatRunsBesideAQuestionIsTimed) {
  Asked asked;
  asked.world.compiler.plans["plan"].stages.push_back(test_stage("beside"));
  asked.world.stage.held.insert("beside");
  const RunId second{"hello", 2};
  asked.world.stage.release("ask");
  asked.world.settle();
  ASSERT_EQ(asked.world.summary().outcome, Outcome::passed);
  asked.world.stage.held.insert("ask");
  asked.world.request(2);
  ASSERT_EQ(asked.world.stage.running, 2);
  asked.world.append({ApprovalAwaited{second, "ask", "go on?", at(1'000'000)}});
  asked.pass(29);
  EXPECT_EQ(asked.world.summary(2).status, RunStatus::running);
  asked.pass(2);
  EXPECT_EQ(asked.world.summary(2).reason, "the run timed out after 30s");
}

}  // namespace
}  // namespace quietgate
