#include "stages/gate/watched_rules.h"
#include "tests/support/promote_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Promote, MovesTheBranchAndRecordsIt) {
  PromoteWorld world;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "production moved from 0000000 to aaaaaaa");
  EXPECT_EQ(world.git.remote["production"], tested);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "CommitPromoted"));
  EXPECT_EQ(world.last_event<CommitPromoted>().from, base);
  EXPECT_EQ(outcome.outputs,
            (std::map<std::string, std::string>{{"branch", "production"}, {"from", base}, {"commit", tested}}));
}

TEST(PromoteBack, MovesTheBranchBackToTheRunsCommit) {
  PromoteWorld world;
  world.git.commits[others] = {tested, {}};
  world.git.remote["production"] = others;
  world.spec.back_from = others;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.reason, "production was rolled back from bbbbbbb to aaaaaaa");
  EXPECT_EQ(world.git.remote["production"], tested);
  EXPECT_TRUE(world.last_event<CommitPromoted>().rollback);
}

TEST(PromoteBack, LeavesABranchThatSomebodyMovedOn) {
  PromoteWorld world;
  world.spec.back_from = others;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "production is at 0000000, no longer at bbbbbbb: nothing was rolled back");
  EXPECT_EQ(world.git.pushes, 0);
}

TEST(PromoteBack, ALostAnswerIsResolvedByAskingTheRemote) {
  const CommitId newer(40, 'c');
  auto world_with = [&](auto moved_to) {
    auto world = std::make_unique<PromoteWorld>();
    world->git.commits[others] = {tested, {}};
    world->git.commits[newer] = {others, {}};
    world->git.remote["production"] = others;
    world->spec.back_from = others;
    world->git.lose_push_answer = true;
    world->git.after_push = [w = world.get(), moved_to] {
      if (!moved_to.empty()) w->git.remote["production"] = moved_to;
    };
    return world;
  };
  EXPECT_EQ(world_with(CommitId())->run().outcome, Outcome::passed) << "it arrived";
  // What stands on the bad commit is not what was put back, however much it also stands on the good one.
  auto onward = world_with(newer);
  // Nor is what somebody put there by hand: it may have been there before, and nothing may be deployed over it.
  const CommitId fix(40, 'd');
  auto mended = world_with(fix);
  mended->git.commits[fix] = {tested, {}};
  EXPECT_EQ(mended->run().outcome, Outcome::failed);
  EXPECT_THAT(mended->events(), Not(Contains("CommitPromoted")));
  auto outcome = onward->run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("production moved to ccccccc meanwhile by somebody else"));
}

TEST(Promote, MakesABranchThatDoesNotExist) {
  PromoteWorld world;
  world.git.remote = {{"main", tested}};
  EXPECT_EQ(world.run().reason, "production moved from nothing to aaaaaaa");
  EXPECT_EQ(world.git.remote["production"], tested);
}

TEST(Promote, LeavesABranchThatIsThereAlready) {
  PromoteWorld world;
  world.git.remote["production"] = tested;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "production is already at aaaaaaa");
  EXPECT_EQ(world.git.pushes, 0);
}

TEST(Promote, RefusesWhatDoesNotDescend) {
  PromoteWorld world;
  world.git.remote["production"] = others;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "aaaaaaa does not descend from bbbbbbb of production; nothing was pushed");
  EXPECT_EQ(outcome.advice, "merge production into main and push, so that the commit is tested with it");
  EXPECT_EQ(world.git.pushes, 0);
  EXPECT_THAT(world.events(), ElementsAre("PromotionRefused"));
}

TEST(Promote, SomebodyElsesMoveMeanwhileWins) {
  PromoteWorld world;
  world.git.before_push = [&] { world.git.remote["production"] = others; };
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "production moved to bbbbbbb meanwhile by somebody else; nothing was pushed");
  EXPECT_THAT(outcome.advice, HasSubstr("merge production into main"));
  EXPECT_EQ(world.git.remote["production"], others);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "PromotionRefused"));
}

TEST(Promote, TellsTheServersRefusal) {
  PromoteWorld world;
  world.git.refuse_push = "protected branch";
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "the server refused to move production: protected branch");
}

TEST(Promote, ALostAnswerIsResolvedByAskingTheRemote) {
  PromoteWorld arrived;
  arrived.git.lose_push_answer = true;
  EXPECT_EQ(arrived.run().outcome, Outcome::passed);
  EXPECT_THAT(arrived.events(), ElementsAre("PromotionIntended", "CommitPromoted"));

  PromoteWorld lost;
  lost.git.before_push = [&] { lost.git.lose_push = lost.git.pushes == 1; };
  EXPECT_EQ(lost.run().outcome, Outcome::passed);
  EXPECT_EQ(lost.git.pushes, 2);
  EXPECT_THAT(lost.events(), ElementsAre("PromotionIntended", "CommitPromoted"));
}

TEST(Promote, WhatCanNotBeSentEndsIt) {
  PromoteWorld world;
  world.spec.branch = "release candidate";
  world.git.before_push = [&] {
    world.git.broken = user_error("`release candidate` is not a valid branch name", "rename it");
  };
  const auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "`release candidate` is not a valid branch name");
  EXPECT_EQ(outcome.advice, "rename it");
  EXPECT_EQ(world.git.pushes, 1);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "PromotionRefused"));
  EXPECT_EQ(world.last_event<PromotionRefused>().reason, "`release candidate` is not a valid branch name");
}

TEST(Promote, ARefusalOnRecordEndsItsAttempt) {
  PromoteWorld world;
  const RunId run{"sample", 7};
  world.happened(StageStarted{run, "production", 1});
  world.happened(intent());
  world.happened(PromotionRefused{run, "production", "production", "production was deleted meanwhile"});
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "production was deleted meanwhile");
  EXPECT_EQ(world.git.pushes, 0);
  world.happened(StageStarted{run, "production", 2});
  world.attempt = 2;
  EXPECT_EQ(world.run().outcome, Outcome::passed) << "another attempt is another decision";
}

TEST(Promote, AnUnreachableRemoteIsAskedUntilItAnswers) {
  PromoteWorld dark;
  dark.git.lose_push_answer = true;
  dark.git.before_push = [&] { dark.git.deaf = 5; };
  EXPECT_EQ(dark.run().outcome, Outcome::passed);
  EXPECT_EQ(dark.git.pushes, 1);
  EXPECT_THAT(dark.bench.log.all(), HasSubstr("it is not known whether production moved: unreachable"));
  EXPECT_THAT(dark.events(), ElementsAre("PromotionIntended", "CommitPromoted"));
}

TEST(Promote, ACancelOfALostPushIsARefusalOnRecord) {
  PromoteWorld world;
  world.git.lose_push = true;
  world.git.before_push = [&] { world.bench.stop.request(StopReason::cancel, "cancelled by ana"); };
  EXPECT_THROW(world.run(), Stopped);
  EXPECT_EQ(world.git.pushes, 1) << "what is not wanted any more is not sent again";
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "PromotionRefused"));
  EXPECT_EQ(world.last_event<PromotionRefused>().reason, "production did not move: cancelled by ana");
}

TEST(Promote, TheEndOfTheRunnerLeavesALostPushToTheNext) {
  PromoteWorld world;
  world.git.lose_push = true;
  world.git.before_push = [&] { world.bench.runner.request(StopReason::shutdown, "SIGTERM"); };
  EXPECT_THROW(world.run(), Stopped);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended"));
}

TEST(Promote, WhoWentOnFromItsLostMoveMakesItNoRefusal) {
  PromoteWorld world;
  const CommitId further(40, 'c');
  world.git.commits[further] = {tested, {}};
  world.git.before_push = [&] { world.git.remote["production"] = further; };
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "CommitPromoted"));
}

TEST(Promote, AListOfNoBranchesIsNotBelieved) {
  PromoteWorld lost;
  lost.happened(intent());
  lost.git.remote["production"] = tested;
  lost.git.empty_lists = 2;
  EXPECT_EQ(lost.run().outcome, Outcome::passed) << "the branch was not deleted by anybody";
  EXPECT_THAT(lost.events(), ElementsAre("PromotionIntended", "CommitPromoted"));

  PromoteWorld fresh;
  fresh.git.empty_lists = 1;
  const auto outcome = fresh.run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_EQ(outcome.reason, "the remote lists no branches");
  EXPECT_EQ(fresh.git.pushes, 0);

  PromoteWorld odd;
  odd.git.remote.erase("production");
  odd.git.odd = {{"production", base, "it points to refs/heads/gone, which is not there"}};
  EXPECT_EQ(odd.run().reason, "production can't be moved: it points to refs/heads/gone, which is not there");
}

TEST(Promote, AJournalThatCanNotBeWrittenStopsThePush) {
  PromoteWorld world;
  world.bench.journal.refuse = "disk full";
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_EQ(world.git.pushes, 0);
}

// The driver tells the stage of a cancel a moment after it is in the journal.
TEST(Promote, ACancelThatIsOnRecordEndsItBeforeItsIntent) {
  PromoteWorld world;
  auto request = world.request();
  world.happened(CancelRequested{{"sample", 7}, "quietgate", "superseded by sample/8", {"sample", 8}});
  PromoteStage stage(world.git, world.prometheus, world.bench.clock, {false, nullptr, nullptr});
  EXPECT_THROW((void)world.bench.await(stage.run(std::move(request))), Stopped);
  EXPECT_THAT(world.events(), ElementsAre("CancelRequested"));
  EXPECT_EQ(world.git.remote["production"], base);
}

TEST(Promote, ACancelDuringThePushIsOvertakenByTheTruth) {
  PromoteWorld world;
  world.git.before_push = [&] { world.bench.stop.request(StopReason::cancel, "cancelled by ana"); };
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  EXPECT_THAT(world.events(), ElementsAre("PromotionIntended", "CommitPromoted"));
  PromoteWorld early;
  early.bench.stop.request(StopReason::cancel, "cancelled by ana");
  EXPECT_THROW(early.run(), Stopped);
  EXPECT_EQ(early.git.pushes, 0);
}

TEST(Promote, OnlyAQuietGateMovesTheBranch) {
  PromoteWorld quiet;
  quiet.add_gate();
  auto outcome = quiet.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << quiet.bench.log.all();
  EXPECT_EQ(outcome.gate->verdict, GateVerdict::quiet);
  EXPECT_THAT(quiet.events(), ElementsAre("GateJudged", "PromotionIntended", "CommitPromoted"));

  PromoteWorld loud;
  loud.add_gate();
  loud.prometheus.alerts = R"({"labels":{},"state":"firing","activeAt":"2026-01-01T00:00:01Z","value":"7"})";
  outcome = loud.run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "loud: HighErrors is firing since 00:00:01Z, value 7");
  EXPECT_EQ(loud.git.pushes, 0);
  EXPECT_THAT(loud.events(), ElementsAre("GateJudged"));

  PromoteWorld blind;
  blind.add_gate();
  blind.finished.clear();
  outcome = blind.run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome.reason, "blind: stage `load` left no window to judge");
  EXPECT_NE(outcome.advice, "");
  EXPECT_EQ(blind.git.pushes, 0);
}

TEST(Promote, ADryRunJudgesAndMovesNothing) {
  PromoteWorld world;
  world.add_gate();
  world.spec.approval = Approval::manual;
  world.dry_run = true;
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_THAT(outcome.reason, HasSubstr("production was not moved to aaaaaaa: this is a dry run"));
  EXPECT_EQ(outcome.gate->verdict, GateVerdict::quiet);
  EXPECT_EQ(world.git.pushes, 0);
}

TEST(Promote, APersonMayOverrideTheGate) {
  PromoteWorld world;
  world.add_gate();
  world.finished.clear();
  world.happened(PromotionRequested{{"sample", 7}, "ana", "the alert is wrong", true});
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  const auto intended = std::get<PromotionIntended>(world.bench.journal.rows.at(2).event);
  EXPECT_TRUE(intended.overrode);
  EXPECT_EQ(intended.by, "ana");
  EXPECT_EQ(intended.reason, "the alert is wrong");

  PromoteWorld only_asked;
  only_asked.add_gate();
  only_asked.finished.clear();
  only_asked.happened(PromotionRequested{{"sample", 7}, "ana", "please", false});
  EXPECT_EQ(only_asked.run().outcome, Outcome::inconclusive);
}

TEST(Promote, AJudgementOfTheSameMeasurementsIsKeptForAnHour) {
  auto judged_before = [](GateVerdict verdict, int judged_attempt, int attempt, Milliseconds age) {
    PromoteWorld world;
    world.add_gate();
    GateJudgement judgement;
    judgement.verdict = verdict;
    judgement.sentence = "as before";
    judgement.window = *world.finished["load"].window;
    world.happened(GateJudged{{"sample", 7}, "production", judged_attempt, judgement});
    world.bench.clock.advance(age);
    world.attempt = attempt;
    return world.run().gate->sentence == "as before";
  };
  EXPECT_TRUE(judged_before(GateVerdict::quiet, 1, 1, Milliseconds{3'599'000}));
  EXPECT_TRUE(judged_before(GateVerdict::loud, 1, 1, Milliseconds{0}));
  EXPECT_TRUE(judged_before(GateVerdict::quiet, 1, 2, Milliseconds{0}));
  EXPECT_FALSE(judged_before(GateVerdict::blind, 1, 2, Milliseconds{0})) << "a retry judges again";
  EXPECT_FALSE(judged_before(GateVerdict::quiet, 1, 1, Milliseconds{3'601'000}));
}

namespace {

// A run whose gate asks the server of the environment that its stage `staging` made.
PromoteWorld& with_environment(PromoteWorld& world) {
  world.add_gate();
  Plan plan;
  StageSpec production;
  production.name = "production";
  PromoteSpec promote = world.spec;
  promote.gate->prometheus = "${{ stages.staging.outputs.prometheus_url }}";
  production.body = promote;
  StageSpec staging;
  staging.name = "staging";
  staging.body = ApplySpec{};
  plan.stages = {staging, production};
  const RunId run{"sample", 7};
  world.happened(PlanCompiled{run, plan});
  world.happened(EnvironmentPlanned{"sample-7-staging", run, "staging", "processes"});
  return world;
}

void judged(PromoteWorld& world, GateVerdict verdict, std::string sentence) {
  GateJudgement judgement;
  judgement.verdict = verdict;
  judgement.sentence = std::move(sentence);
  judgement.window = *world.finished["load"].window;
  judgement.proofs = {{"QUIET", "no alert fired", verdict, "as it was", {}}};
  world.happened(GateJudged{{"sample", 7}, "production", 1, judgement});
}

void run_ended(PromoteWorld& world) {
  world.happened(EnvironmentDestroyed{"sample-7-staging", {"sample", 7}, "its run has ended"});
  world.bench.clock.advance(Milliseconds{10'800'000});
  world.attempt = 2;
}

}  // namespace

TEST(Promote, AnOverrideLeavesTheJudgementAsItWas) {
  PromoteWorld world;
  with_environment(world);
  judged(world, GateVerdict::loud, "HighErrors is firing since 00:00:01Z, value 7");
  run_ended(world);
  world.happened(PromotionRequested{{"sample", 7}, "ana", "the alert is wrong", true});
  const auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.gate->verdict, GateVerdict::loud);
  EXPECT_EQ(outcome.gate->sentence, "HighErrors is firing since 00:00:01Z, value 7");
  EXPECT_EQ(outcome.gate->proofs.at(0).detail, "as it was");
  EXPECT_EQ(world.prometheus.asked, 0) << "nobody asks what is gone";
  EXPECT_TRUE(std::get<PromotionIntended>(world.bench.journal.rows.at(5).event).overrode);
  EXPECT_THAT(world.events(), ElementsAre("PlanCompiled", "EnvironmentPlanned", "GateJudged", "EnvironmentDestroyed",
                                          "PromotionRequested", "PromotionIntended", "CommitPromoted"));
  EXPECT_THAT(world.bench.log.all(), HasSubstr("overridden by ana: the alert is wrong; the gate said: loud: HighErrors "
                                               "is firing since 00:00:01Z, value 7"));
}

TEST(Promote, WhatIsGoneIsNotJudgedAgain) {
  PromoteWorld world;
  with_environment(world);
  judged(world, GateVerdict::loud, "HighErrors fired");
  run_ended(world);
  world.happened(PromotionRequested{{"sample", 7}, "ana", "please", false});
  const auto refused = world.run();
  EXPECT_EQ(refused.outcome, Outcome::failed);
  EXPECT_EQ(refused.reason,
            "loud: HighErrors fired; it was not judged again: the environment that it judged is gone: environment "
            "sample-7-staging was "
            "destroyed at 2026-01-01T00:00:00.000Z: its run has ended");
  EXPECT_EQ(refused.advice,
            "retry the run: quietgate retry sample/7; or override the gate, which the evidence records: "
            "quietgate promote sample/7 --override --reason TEXT");
  EXPECT_EQ(world.git.pushes + world.prometheus.asked, 0);

  PromoteWorld quiet;  // whose question nobody answered, say
  with_environment(quiet);
  judged(quiet, GateVerdict::quiet, "no alert");
  run_ended(quiet);
  quiet.happened(PromotionRequested{{"sample", 7}, "ana", "it is Monday", false});
  EXPECT_EQ(quiet.run().outcome, Outcome::passed);
  EXPECT_EQ(quiet.prometheus.asked, 0);
  EXPECT_FALSE(std::get<PromotionIntended>(quiet.bench.journal.rows.at(5).event).overrode);

  PromoteWorld lives;  // it was made anew
  with_environment(lives);
  judged(lives, GateVerdict::loud, "HighErrors fired");
  run_ended(lives);
  lives.happened(EnvironmentPlanned{"sample-7-staging", {"sample", 7}, "staging", "processes"});
  lives.run();
  EXPECT_GT(lives.prometheus.asked, 0);
}

TEST(Promote, WhatWasNeverJudgedAndIsGoneIsBlind) {
  PromoteWorld world;
  with_environment(world);
  run_ended(world);
  const auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome.reason,
            "blind: the environment is gone: environment sample-7-staging was destroyed at "
            "2026-01-01T00:00:00.000Z: its run has ended");
  EXPECT_EQ(outcome.advice, "test the commit again, in a run of its own: quietgate retry RUN");
  EXPECT_EQ(world.prometheus.asked, 0);
  EXPECT_THAT(world.events(), Contains("GateJudged"));

  PromoteWorld other;  // a quiet judgement of other measurements is none of these
  with_environment(other);
  judged(other, GateVerdict::quiet, "no alert");
  other.finished["load"].window->end += Milliseconds{1};
  run_ended(other);
  EXPECT_EQ(other.run().outcome, Outcome::inconclusive);
}

// What is left may be a person's approval, days later.
TEST(Promote, AKeptJudgementNeedsNobodyWhoReadsTheRules) {
  PromoteWorld world;
  world.add_gate();
  GateJudgement judgement;
  judgement.window = *world.finished["load"].window;
  world.happened(GateJudged{{"sample", 7}, "production", 1, judgement});
  Stop over;
  WatchedRules watched(over);
  auto request = world.request();
  PromoteStage stage(world.git, world.prometheus, world.bench.clock);
  world.bench.await(stage.run_watched(std::move(request), watched));
  EXPECT_EQ(world.prometheus.asked, 0);
  EXPECT_TRUE(watched.gate_stop().requested());
}

TEST(Approval, AStageOfItsOwnWaitsOnceAndAnswers) {
  StageBench bench;
  ApproveStage stage(bench.clock);
  auto request = bench.request(ApproveSpec{"ship it?"}, "sign");
  auto give = [&](bool granted) {
    bench.journal.rows.push_back(
        {bench.journal.last() + 1, Time{}, ApprovalGiven{{"sample", 7}, "sign", "ana", "", granted}});
  };
  bench.journal.rows.push_back({1, Time{}, ApprovalAwaited{{"sample", 7}, "sign", "ship it?"}});
  give(true);
  auto outcome = bench.await(stage.run(request));
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "approved by ana");
  give(false);
  EXPECT_EQ(bench.await(stage.run(request)).outcome, Outcome::cancelled);
  bench.journal.rows.clear();
  bench.stop.request(StopReason::timeout, "timed out after 1h");
  EXPECT_THROW(bench.await(stage.run(request)), Stopped);
  EXPECT_EQ(bench.journal.rows.size(), 1U) << "ApprovalAwaited";
}

}  // namespace
}  // namespace quietgate
