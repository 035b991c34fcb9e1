#include "runner/model/state.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runner/model/next.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

const RunId run{"hello", 7};

StageSpec stage(const std::string& name, std::vector<std::string> needs = {}) {
  StageSpec spec;
  spec.name = name;
  spec.needs = std::move(needs);
  spec.body = TestSpec{};
  return spec;
}

RunState started(std::vector<StageSpec> stages) {
  RunState state;
  Plan plan;
  plan.run = run;
  plan.stages = std::move(stages);
  fold(state, RunRequested{run, "main", "c0ffee", "test"}, Time{Milliseconds{1}});
  fold(state, PlanCompiled{run, plan}, Time{Milliseconds{2}});
  return state;
}

void finish(RunState& state, const std::string& name, Outcome outcome, int attempt = 1) {
  fold(state, StageStarted{run, name, attempt}, Time{Milliseconds{3}});
  StageOutcome ended;
  ended.outcome = outcome;
  ended.reason = "because";
  fold(state, StageFinished{run, name, attempt, ended}, Time{Milliseconds{4}});
}

std::string told(const std::vector<Action>& actions) {
  std::string text;
  for (const auto& action : actions) {
    switch (action.kind) {
      case Action::Kind::start:
        text += (action.resume ? "resume " : "start ") + action.stage + "." + std::to_string(action.attempt);
        break;
      case Action::Kind::skip:
        text += "skip " + action.stage + " (" + action.reason + ")";
        break;
      case Action::Kind::finish:
        text += std::string("finish ") + to_string(action.outcome) + " " + action.reason;
        break;
    }
    text += "; ";
  }
  return text;
}

// A stage between with `if: always()` takes nothing back of what failed before it.
TEST(State, WhatReleasesWaitsForAllThatItComesAfter) {
  auto report = stage("report", {"unit"});
  report.condition = "always()";
  auto promote = stage("production", {"report"});
  promote.body = PromoteSpec{"production"};
  auto release = stage("release", {"report"});
  ApplySpec kept;
  kept.keep = true;
  release.body = kept;
  auto smoke = stage("smoke", {"report"});
  auto state = started({stage("unit"), report, promote, release, smoke});
  finish(state, "unit", Outcome::failed);
  finish(state, "report", Outcome::passed);
  EXPECT_EQ(told(next(state, {})),
            "skip production (`unit` ended as failed); skip release (`unit` ended as failed); start smoke.1; ");
  promote.waives_order = true;
  release.condition = "always()";
  state = started({stage("unit"), report, promote, release, smoke});
  finish(state, "unit", Outcome::failed);
  finish(state, "report", Outcome::passed);
  EXPECT_EQ(told(next(state, {})), "start production.1; start release.1; start smoke.1; ") << "where it says so itself";
}

TEST(State, ARefusedPromotionReleasesNothing) {
  auto promote = stage("production");
  promote.body = PromoteSpec{"production"};
  auto state = started({promote});
  fold(state, StageStarted{run, "production", 1}, Time{Milliseconds{3}});
  fold(state, PromotionIntended{run, "production", 1, "production", "a", "b"}, Time{Milliseconds{4}});
  EXPECT_TRUE(state.releases);
  fold(state, PromotionRefused{run, "production", "production", "somebody was faster"}, Time{Milliseconds{5}});
  EXPECT_FALSE(state.releases) << "a newer run may end it again";
}

TEST(State, ATextThatReadsLikeAStatusFunctionIsNone) {
  auto promote = stage("promote", {"unit"});
  promote.condition = "contains('fix always() for ever', 'fix')";  // as resolved from a commit's message
  auto state = started({stage("unit"), promote});
  finish(state, "unit", Outcome::failed);
  const auto actions = next(state, {});
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Action::Kind::skip) << "a failed need was passed over";
}

TEST(Next, StartsIndependentStagesSideBySide) {
  auto state = started({stage("a"), stage("b"), stage("c", {"a", "b"})});
  EXPECT_EQ(told(next(state, {})), "start a.1; start b.1; ");
  finish(state, "a", Outcome::passed);
  EXPECT_EQ(told(next(state, {"b"})), "");
}

TEST(Next, OnlyPassedLetsTheNextStageStart) {
  for (auto outcome : {Outcome::failed, Outcome::inconclusive, Outcome::error, Outcome::cancelled}) {
    auto state = started({stage("a"), stage("b", {"a"})});
    finish(state, "a", outcome);
    EXPECT_EQ(told(next(state, {})), std::string("skip b (`a` ended as ") + to_string(outcome) + "); ");
  }
}

TEST(Next, FinishesWithTheWorstOutcomeAndItsReason) {
  auto state = started({stage("a"), stage("b")});
  finish(state, "a", Outcome::inconclusive);
  finish(state, "b", Outcome::failed);
  EXPECT_EQ(told(next(state, {})), "finish failed b: because; ");
}

TEST(Next, TakesUpWhatWasUnderWay) {
  auto state = started({stage("a")});
  fold(state, StageStarted{run, "a", 1}, Time{});
  EXPECT_EQ(told(next(state, {})), "resume a.1; ");
  EXPECT_EQ(told(next(state, {"a"})), "");
}

TEST(Next, RetriesOnlyWhatThePolicyNames) {
  auto spec = stage("a");
  spec.retry.attempts = 2;
  auto state = started({spec});
  finish(state, "a", Outcome::failed);
  EXPECT_EQ(told(next(state, {})), "finish failed a: because; ");
  state = started({spec});
  finish(state, "a", Outcome::error);
  EXPECT_EQ(told(next(state, {})), "start a.2; ");
  finish(state, "a", Outcome::error, 2);
  EXPECT_EQ(told(next(state, {})), "finish error a: because; ");
}

TEST(Next, AConclusiveOutcomeIsNotTriedAgain) {
  auto spec = stage("a");
  spec.retry = {3, {RetryWhen::failed}};
  auto state = started({spec});
  finish(state, "a", Outcome::failed);
  EXPECT_EQ(told(next(state, {})), "start a.2; ");
  state.stages.at("a").outcome.conclusive = true;
  EXPECT_EQ(told(next(state, {})), "finish failed a: because; ");
}

TEST(Next, ContinueOnErrorLetsTheRunPass) {
  auto lenient = stage("a");
  lenient.continue_on_error = true;
  auto state = started({lenient, stage("b", {"a"})});
  finish(state, "a", Outcome::failed);
  EXPECT_EQ(told(next(state, {})), "start b.1; ");
  finish(state, "b", Outcome::passed);
  EXPECT_EQ(told(next(state, {})), "finish passed ; ");
}

TEST(Next, ACancelSkipsWhatHasNotStartedAndNamesItsCause) {
  auto state = started({stage("a"), stage("b", {"a"})});
  finish(state, "a", Outcome::passed);
  fold(state, CancelRequested{run, "ana", "cancelled by ana"}, Time{});
  EXPECT_EQ(told(next(state, {})), "skip b (the run was cancelled); ");
  fold(state, StageSkipped{run, "b", "the run was cancelled"}, Time{});
  EXPECT_EQ(told(next(state, {})), "finish cancelled cancelled by ana; ");
}

TEST(Next, AlwaysRunsAfterAFailure) {
  auto cleanup = stage("b", {"a"});
  cleanup.condition = "always()";
  auto state = started({stage("a"), cleanup});
  finish(state, "a", Outcome::failed);
  EXPECT_EQ(told(next(state, {})), "start b.1; ");
}

TEST(Next, AFalseConditionSkipsOnlyItself) {
  auto maybe = stage("b", {"a"});
  maybe.condition = "stages.a.outputs.deploy == 'yes'";
  auto state = started({stage("a"), maybe, stage("c", {"b"})});
  finish(state, "a", Outcome::passed);
  auto actions = next(state, {});
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::skip) << told(actions);
}

TEST(Fold, IgnoresWhatTheStateCannotTake) {
  auto state = started({stage("a")});
  fold(state, StageFinished{run, "a", 1, {}}, Time{});
  fold(state, StageFinished{run, "unknown", 1, {}}, Time{});
  fold(state, StageStarted{{"other", 7}, "a", 1}, Time{});
  EXPECT_EQ(state.stages.at("a").status, StageStatus::waiting);
}

TEST(Fold, APersonReopensARefusedPromotion) {
  auto promote = stage("production");
  promote.body = PromoteSpec{};
  auto state = started({promote, stage("release", {"production"})});
  finish(state, "production", Outcome::inconclusive);
  fold(state, StageSkipped{run, "release", "`production` ended as inconclusive"}, Time{});
  fold(state, RunFinished{run, Outcome::inconclusive, "blind"}, Time{});
  EXPECT_EQ(told(next(state, {})), "");
  fold(state, PromotionRequested{run, "ana", "checked by hand", true}, Time{});
  EXPECT_EQ(told(next(state, {})), "start production.2; ");
  finish(state, "production", Outcome::passed, 2);
  EXPECT_EQ(told(next(state, {})), "start release.1; ");
}

TEST(Fold, ACancelThatComesWhenAllStagesHaveEndedChangesNothing) {
  auto state = started({stage("a")});
  finish(state, "a", Outcome::passed);
  fold(state, CancelRequested{run, "ana", "too late"}, Time{});
  EXPECT_FALSE(state.cancel) << "the run is only cleaning up: it ends as its stages did";
  EXPECT_EQ(next(state, {}).front().outcome, Outcome::passed);
}

TEST(StageValue, KnowsOutputsOfEndedStagesOnly) {
  auto state = started({stage("a")});
  EXPECT_FALSE(stage_value(state, "stages.a.outcome"));
  fold(state, StageStarted{run, "a", 1}, Time{});
  StageOutcome ended;
  ended.outcome = Outcome::passed;
  ended.outputs["url"] = "http://x";
  fold(state, StageFinished{run, "a", 1, ended}, Time{});
  EXPECT_EQ(stage_value(state, "stages.a.outputs.url"), "http://x");
  EXPECT_EQ(stage_value(state, "stages.a.outcome"), "passed");
  EXPECT_FALSE(stage_value(state, "stages.a.outputs.other"));
}

// `smoke` on the environment of `staging`; both may be tried three times.
RunState on_an_environment() {
  auto staging = stage("staging");
  staging.body = ApplySpec{};
  staging.retry.attempts = 3;
  auto smoke = stage("smoke", {"staging"});
  smoke.retry.attempts = 3;
  return started({staging, smoke, stage("after", {"smoke"})});
}

void lose(RunState& state, int attempt) {
  fold(state, StageStarted{run, "smoke", attempt}, Time{Milliseconds{5}});
  StageOutcome lost;
  lost.outcome = Outcome::error;
  lost.reason = "leader died";
  lost.lost_environment = "staging";
  fold(state, StageFinished{run, "smoke", attempt, lost}, Time{Milliseconds{6}});
}

TEST(State, ALostEnvironmentIsMadeAgainBeforeItsStageIsTriedAgain) {
  auto state = on_an_environment();
  finish(state, "staging", Outcome::passed);
  lose(state, 1);
  EXPECT_EQ(told(next(state, {})), "start staging.2; ");
  EXPECT_EQ(told(next(state, {"staging"})), "");
  fold(state, StageStarted{run, "staging", 2}, Time{Milliseconds{7}});
  EXPECT_EQ(told(next(state, {"staging"})), "");
  EXPECT_EQ(told(next(state, {})), "resume staging.2; ");
  finish(state, "staging", Outcome::passed, 2);
  EXPECT_EQ(told(next(state, {})), "start smoke.2; ");
}

TEST(State, AnEnvironmentThatCannotBeMadeAgainEndsTheRun) {
  auto state = on_an_environment();
  finish(state, "staging", Outcome::passed);
  lose(state, 1);
  finish(state, "staging", Outcome::error, 2);
  EXPECT_EQ(told(next(state, {})), "start staging.3; ");
  finish(state, "staging", Outcome::failed, 3);
  EXPECT_EQ(told(next(state, {})), "skip after (`smoke` ended as error); ");
}

TEST(State, AnEnvironmentWithoutAttemptsLeftIsNotMetAgain) {
  auto state = on_an_environment();
  finish(state, "staging", Outcome::error, 1);
  finish(state, "staging", Outcome::error, 2);
  finish(state, "staging", Outcome::passed, 3);
  lose(state, 1);
  EXPECT_EQ(told(next(state, {})), "skip after (`smoke` ended as error); ");
}

TEST(State, TwoStagesThatLostOneEnvironmentWaitForOne) {
  auto state = on_an_environment();
  auto plan = *state.plan;
  auto other = plan.stages[1];
  other.name = "other";
  plan.stages.push_back(other);
  state = started(plan.stages);
  finish(state, "staging", Outcome::passed);
  lose(state, 1);
  fold(state, StageStarted{run, "other", 1}, Time{Milliseconds{5}});
  StageOutcome lost;
  lost.outcome = Outcome::error;
  lost.lost_environment = "staging";
  fold(state, StageFinished{run, "other", 1, lost}, Time{Milliseconds{6}});
  EXPECT_EQ(told(next(state, {})), "start staging.2; ");
  finish(state, "staging", Outcome::passed, 2);
  EXPECT_EQ(told(next(state, {})), "start smoke.2; start other.2; ");
}

// ---- what stages ask of their run

StageSpec promoting(const std::string& name) {
  auto spec = stage(name);
  spec.body = PromoteSpec{"live"};
  return spec;
}

Time at(int milliseconds) {
  return Time{Milliseconds{milliseconds}};
}

GateJudged judgement(GateVerdict verdict, int attempt) {
  GateJudged event{run, "production", attempt, {}};
  event.judgement.verdict = verdict;
  return event;
}

TEST(Fold, KeepsTheLastJudgementAndWhetherAPersonWasAskedOnIt) {
  auto state = started({promoting("production"), stage("other")});
  const auto& judged = state.stages.at("production").judged;
  EXPECT_FALSE(judged);
  fold(state, judgement(GateVerdict::loud, 1), at(5));
  fold(state, ApprovalAwaited{run, "production", "go?", at(90)}, at(6));
  ASSERT_TRUE(judged);
  EXPECT_TRUE(judged->asked_since);
  fold(state, judgement(GateVerdict::quiet, 2), at(7));
  EXPECT_EQ(judged->judgement.verdict, GateVerdict::quiet);
  EXPECT_EQ(judged->at, at(7));
  EXPECT_EQ(judged->attempt, 2);
  EXPECT_FALSE(judged->asked_since);
  fold(state, ApprovalAwaited{run, "other", "go?", at(90)}, at(8));
  EXPECT_FALSE(judged->asked_since) << "another stage asked";
}

TEST(Fold, KeepsThePromotionWithItsIntentAndTheRefusalOfTheLastAttempt) {
  auto state = started({promoting("production"), promoting("europe")});
  const auto& production = state.stages.at("production");
  fold(state, Row{3, at(3), StageStarted{run, "production", 1}});
  fold(state, Row{4, at(4), PromotionIntended{run, "production", 1, "live", "a", "b", "ana"}});
  fold(state, Row{5, at(5), PromotionRefused{run, "production", "live", "it moved"}});
  EXPECT_EQ(production.refusal->reason, "it moved");
  fold(state, Row{6, at(6), StageStarted{run, "production", 2}});
  EXPECT_FALSE(production.refusal) << "the attempt before was refused";
  EXPECT_FALSE(state.promotion);
  fold(state, Row{7, at(7), PromotionIntended{run, "production", 2, "live", "c", "b", "bob"}});
  fold(state, Row{9, at(9), CommitPromoted{run, "production", "live", "c", "b"}});
  EXPECT_EQ(production.promoted_by.by, "bob");
  EXPECT_EQ(production.promotion_row, 9);
  EXPECT_EQ(production.promoted_at, at(9));
  EXPECT_EQ(state.cursor, 9);
  fold(state, Row{10, at(10), CommitPromoted{run, "europe", "eu", "c", "b"}});
  EXPECT_EQ(state.promotion->branch, "eu");
}

TEST(Fold, KnowsHowFarTheEvidenceIs) {
  auto state = started({promoting("production")});
  const auto& evidence = state.stages.at("production").evidence;
  fold(state, Row{11, at(1), EvidenceSealed{run, "production", "b", "{}"}});
  fold(state, Row{12, at(2), EvidenceSealed{run, "production", "b", "{}"}});
  EXPECT_EQ(evidence.sealed, 11) << "the first";
  EXPECT_FALSE(evidence.published);
  fold(state, Row{13, at(3), EvidencePublished{run, "production", "b"}});
  EXPECT_TRUE(evidence.published);
}

TEST(Fold, ADecisionCountsThatCameInTime) {
  auto state = started({promoting("production"), stage("ask")});
  fold(state, StageStarted{run, "ask", 1}, at(3));
  fold(state, ApprovalAwaited{run, "ask", "go?", at(10)}, at(4));
  const auto& ask = state.stages.at("ask");
  EXPECT_TRUE(ask.question.of_last_attempt);
  fold(state, ApprovalGiven{run, "ask", "ana", "late", true}, at(10));
  EXPECT_FALSE(ask.decision);
  fold(state, PromotionRequested{run, "bob", "by hand", true}, at(11));
  EXPECT_FALSE(ask.decision) << "it promotes nothing";
  EXPECT_EQ(state.stages.at("production").decision->by, "bob");
  EXPECT_EQ(state.promotion_request->reason, "by hand");
  EXPECT_EQ(state.promotion_requested, at(11));
  fold(state, StageStarted{run, "ask", 2}, at(12));
  EXPECT_FALSE(ask.question.of_last_attempt);
  fold(state, ApprovalAwaited{run, "ask", "go?", at(30)}, at(13));
  fold(state, ApprovalGiven{run, "ask", "ana", "no", false}, at(14));
  ASSERT_TRUE(ask.decision);
  EXPECT_FALSE(ask.decision->granted);
  EXPECT_EQ(ask.decision->reason, "no");
}

TEST(Fold, KnowsTheEnvironmentOfAStageAndWhatBecameOfIt) {
  auto state = started({stage("staging")});
  const auto& environment = state.stages.at("staging").environment;
  EnvironmentPlanned planned{"e1", run, "staging", "processes", false, at(100), {{"http", 80}}};
  fold(state, planned, at(10));
  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->planned.ports, planned.ports);
  EXPECT_FALSE(environment->made);
  fold(state, EnvironmentReady{"e1", run}, at(11));
  EXPECT_TRUE(environment->ready);
  fold(state, EnvironmentExtended{"e1", run, at(150)}, at(12));
  fold(state, EnvironmentExtended{"e1", run, at(120)}, at(13));
  const auto& life = state.environments.at("e1");
  EXPECT_EQ(life.stage, "staging");
  EXPECT_EQ(life.created, at(10));
  EXPECT_EQ(life.to_live, Milliseconds{90});
  EXPECT_EQ(life.expires, at(150)) << "nobody shortens its life";
  fold(state, EnvironmentDestroyRequested{"e1", run, "ana"}, at(14));
  EXPECT_TRUE(life.unwanted);
  fold(state, EnvironmentDestroyed{"e1", run, "asked for by ana"}, at(15));
  fold(state, EnvironmentDestroyed{"e1", run, "its run has ended"}, at(16));
  EXPECT_TRUE(environment->gone && environment->made && !environment->ready);
  EXPECT_EQ(environment->cause, "asked for by ana");
  EXPECT_EQ(environment->destroyed, at(15));
  EXPECT_TRUE(state.environments.empty());
  planned.environment = "kept";
  planned.keep = true;
  fold(state, planned, at(17));
  EXPECT_FALSE(environment->gone);
  EXPECT_TRUE(state.environments.empty()) << "it outlives the run";
}

TEST(Fold, CountsWhatEachAttemptKeptOnce) {
  auto state = started({stage("a")});
  StageOutcome kept;
  kept.artifacts = ArtifactsKept{1, 40, "x"};
  for (const int attempt : {1, 2}) {
    fold(state, StageStarted{run, "a", attempt}, at(3));
    fold(state, StageFinished{run, "a", attempt, kept}, at(4));
    fold(state, StageFinished{run, "a", attempt, kept}, at(5));  // as intended, and as read
  }
  EXPECT_EQ(state.bytes_kept, 80U);
  kept.artifacts->bytes = -1;
  fold(state, StageStarted{run, "a", 3}, at(6));
  fold(state, StageFinished{run, "a", 3, kept}, at(7));
  EXPECT_EQ(state.bytes_kept, 80U);
}

// Rows in any order end in a state, and so do those of stages and environments that nobody planned.
TEST(Fold, TakesRowsInAnyOrder) {
  std::vector<Event> events{
      ApprovalAwaited{run, "production", "go?", at(9)},
      ApprovalGiven{run, "production", "ana", "", true},
      judgement(GateVerdict::blind, 1),
      PromotionIntended{run, "production", 1, "live", "a", "b"},
      CommitPromoted{run, "production", "live", "a", "b"},
      PromotionRefused{run, "production", "live", "no"},
      PromotionRequested{run, "ana", "", false},
      EvidenceSealed{run, "production", "b", "{}"},
      EvidencePublished{run, "production", "b"},
      EnvironmentPlanned{"e", run, "staging", "processes", false, at(9), {}},
      EnvironmentReady{"e", run},
      EnvironmentExtended{"e", run, at(20)},
      EnvironmentDestroyRequested{"e", run, "ana"},
      EnvironmentDestroyed{"e", run, "lost"},
      StageFinished{run, "production", 1, {}},
      StageStarted{run, "production", 1},
      CancelRequested{run, "ana", "enough"},
      RunFinished{run, Outcome::cancelled, "enough"},
  };
  Plan plan;
  plan.run = run;
  plan.stages = {promoting("production"), stage("staging")};
  for (std::size_t turn = 0; turn < events.size(); ++turn) {
    std::rotate(events.begin(), events.begin() + 1, events.end());
    for (const bool planned : {true, false}) {
      RunState state;
      state.id = run;
      if (planned) fold(state, PlanCompiled{run, plan}, at(1));
      for (int step = 1; const auto& event : events) {
        if (step % 3 == 0) fold(state, event, at(100 - step));  // a clock that goes back
        fold(state, Row{step, at(step), event});
        ++step;
      }
      EXPECT_EQ(state.cursor, static_cast<std::int64_t>(events.size()));
      EXPECT_EQ(state.promotion->to, "b");
      if (!planned) continue;
      EXPECT_EQ(state.stages.at("production").judged->judgement.verdict, GateVerdict::blind);
      EXPECT_EQ(state.stages.at("staging").environment->planned.environment, "e");
    }
  }
}

}  // namespace
}  // namespace quietgate
