// Questions to people: what is asked, how long, and what lives on meanwhile.
#include "stages/attempt/approval.h"

#include "tests/support/promote_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Milliseconds hour{3'600'000};
const RunId run{"sample", 7};

// A stage that asks, until the loop has nothing left to do.
struct Questions {
  StageBench bench;
  ApproveStage stage{bench.clock};
  ApproveSpec spec{"ship it?", 24 * hour};
  std::vector<std::string> secrets;
  std::optional<StageOutcome> outcome;

  ~Questions() { leave(); }  // nothing that waits may outlive what it waits on
  void start() {
    auto request = bench.request(spec, "ask");
    request.secrets = secrets;
    spawn(
        bench.loop.get_executor(),
        [](ApproveStage& s, StageRequest r, std::optional<StageOutcome>& o) -> Task<void> {
          o = co_await s.run(std::move(r));
        }(stage, request, outcome),
        [](std::exception_ptr) {});
    settle();
  }
  // The service ends, and so does the stage.
  void leave() {
    bench.stop.request(StopReason::shutdown, "SIGTERM");
    settle();
  }
  void settle() {
    bench.loop.restart();
    while (bench.loop.poll_one() > 0) {
    }
  }
  void pass(Milliseconds span) {
    bench.clock.advance(span);
    settle();
  }
  void happened(Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    ASSERT_TRUE(bench.journal.append_now(std::move(events)).ok());
    settle();
  }
  const Event& event(std::size_t at) const { return bench.journal.rows.at(at).event; }
};

TEST(Approval, ExpiresWhenNobodyAnswers) {
  Questions asked;
  asked.start();
  const auto& awaited = std::get<ApprovalAwaited>(asked.event(0));
  EXPECT_EQ(awaited.expires, asked.bench.clock.now() + 24 * hour);
  asked.pass(24 * hour - Milliseconds{1});
  EXPECT_FALSE(asked.outcome);
  asked.pass(Milliseconds{1});
  ASSERT_TRUE(asked.outcome);
  EXPECT_EQ(asked.outcome->outcome, Outcome::cancelled);
  EXPECT_EQ(asked.outcome->reason, "nobody answered within 1d");
  EXPECT_EQ(
      asked.outcome->advice,
      "retry the run to ask again: quietgate retry sample/7; a longer `expires` in the stage gives people more time");
  EXPECT_THAT(asked.bench.log.all(), HasSubstr("waiting for approval until 2026-01-02T00:00:00.000Z: ship it?\n"
                                               "answer: quietgate approve sample/7 ask [--refuse] [--reason TEXT]\n"));
}

TEST(Approval, ExpiresAlsoWhileNoServiceRan) {
  Questions before;
  before.start();
  before.leave();
  Questions after;
  after.bench.journal.rows = before.bench.journal.rows;
  after.bench.clock.advance(25 * hour);
  after.start();
  ASSERT_TRUE(after.outcome);
  EXPECT_EQ(after.outcome->reason, "nobody answered within 1d");
  EXPECT_EQ(after.bench.journal.rows.size(), 1U) << "it is not asked again";
}

TEST(Approval, AnAnswerThatCameTooLateIsNone) {
  Questions asked;
  asked.start();
  asked.bench.clock.advance(24 * hour);
  asked.happened(ApprovalGiven{run, "ask", "ana", "sorry, I was away", true});
  ASSERT_TRUE(asked.outcome);
  EXPECT_EQ(asked.outcome->reason, "nobody answered within 1d");
}

TEST(Approval, APromotionAskedForByHandAnswersNoApproveStage) {
  Questions asked;
  asked.start();
  asked.happened(PromotionRequested{run, "ana", "now", true});
  EXPECT_FALSE(asked.outcome);
  asked.happened(ApprovalGiven{run, "ask", "bob", "", true});
  ASSERT_TRUE(asked.outcome);
  EXPECT_EQ(asked.outcome->reason, "approved by bob");
}

TEST(Approval, TheQuestionHoldsNoSecret) {
  Questions asked;
  asked.secrets = {"hunter22"};
  asked.spec.message = "is hunter22 right?";
  asked.start();
  EXPECT_EQ(std::get<ApprovalAwaited>(asked.event(0)).message, "is *** right?");
}

TEST(Approval, WhatWasTestedLivesOnMeanwhile) {
  Questions asked;
  const auto now = asked.bench.clock.now();
  asked.happened(EnvironmentPlanned{"live", run, "staging", "processes", false, now + hour});
  asked.happened(EnvironmentPlanned{"kept", run, "release", "processes", true, {}});
  asked.happened(EnvironmentPlanned{"gone", run, "other", "processes", false, now + hour});
  asked.happened(EnvironmentDestroyed{"gone", run, "lost"});
  asked.happened(EnvironmentPlanned{"unwanted", run, "more", "processes", false, now + hour});
  asked.happened(EnvironmentDestroyRequested{"unwanted", run, "ana"});
  asked.start();
  ASSERT_EQ(asked.bench.journal.rows.size(), 8U);
  EXPECT_TRUE(std::holds_alternative<ApprovalAwaited>(asked.event(6)));
  const auto& extended = std::get<EnvironmentExtended>(asked.event(7));
  EXPECT_EQ(extended.environment, "live");
  EXPECT_EQ(extended.expires, now + 25 * hour) << "its hour begins anew when the question ends";
  EXPECT_THAT(asked.bench.log.all(), HasSubstr("environment live is extended until 2026-01-02T01:00:00.000Z"));
}

TEST(Approval, WhatIsMadeMeanwhileLivesOnToo) {
  Questions asked;
  const auto now = asked.bench.clock.now();
  asked.start();
  asked.pass(2 * hour);
  asked.happened(EnvironmentPlanned{"late", run, "beside", "processes", false, now + 3 * hour});
  ASSERT_EQ(asked.bench.journal.rows.size(), 3U);
  EXPECT_EQ(std::get<EnvironmentExtended>(asked.event(2)).expires, now + 25 * hour);
  asked.happened(ServiceStarted{"1"});
  EXPECT_EQ(asked.bench.journal.rows.size(), 4U) << "once";
  asked.happened(EnvironmentPlanned{"long", run, "more", "processes", false, now + 72 * hour});
  EXPECT_EQ(asked.bench.journal.rows.size(), 6U);
}

TEST(Approval, ASecondQuestionAddsNothingToWhatLivesLongEnough) {
  Questions asked;
  const auto now = asked.bench.clock.now();
  asked.happened(EnvironmentPlanned{"live", run, "staging", "processes", false, now + hour});
  asked.happened(ApprovalAwaited{run, "before", "and this?", now + 72 * hour});
  asked.happened(EnvironmentExtended{"live", run, now + 73 * hour});
  asked.start();
  EXPECT_EQ(asked.bench.journal.rows.size(), 4U);
}

TEST(Approval, NothingLivesOnForMoreThanAWeek) {
  Questions asked;
  const auto now = asked.bench.clock.now();
  asked.spec.expires = 30 * 24 * hour;
  asked.happened(EnvironmentPlanned{"live", run, "staging", "processes", false, now + hour});
  asked.start();
  EXPECT_EQ(std::get<EnvironmentExtended>(asked.event(2)).expires, now + 7 * 24 * hour);
}

TEST(Approval, APromotionThatNobodyApprovedCanBeAskedForByHand) {
  PromoteWorld world;
  world.spec.approval = Approval::manual;
  world.spec.approval_message = "is it Monday?";
  world.spec.approval_expires = Milliseconds{60'000};
  const auto expired = world.run();
  EXPECT_EQ(expired.outcome, Outcome::cancelled);
  EXPECT_EQ(expired.reason, "nobody answered within 1m");
  EXPECT_EQ(expired.advice,
            "promote it by hand: quietgate promote sample/7 --reason TEXT; or retry the run: quietgate retry "
            "sample/7");
  EXPECT_EQ(world.last_event<ApprovalAwaited>().message, "is it Monday?");
  world.attempt = 2;
  world.happened(PromotionRequested{run, "ana", "it is", false});
  EXPECT_EQ(world.run().outcome, Outcome::passed);
}

TEST(Approval, AJudgementFromBeforeTheQuestionCountsHoweverLongThatTakes) {
  PromoteWorld world;
  world.add_gate();
  world.spec.approval = Approval::manual;
  GateJudgement quiet;
  quiet.verdict = GateVerdict::quiet;
  quiet.sentence = "no alert";
  quiet.window = *world.finished["load"].window;
  world.happened(GateJudged{run, "production", 1, quiet});
  world.happened(ApprovalAwaited{run, "production", "move?", world.bench.clock.now() + 72 * hour});
  world.bench.clock.advance(48 * hour);
  world.happened(ApprovalGiven{run, "production", "ana", "looks good", true});
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  EXPECT_EQ(world.prometheus.asked, 0);
  EXPECT_THAT(world.bench.log.all(), HasSubstr("the gate was judged 2d ago: quiet: no alert\n"
                                               "it was not judged again: a person was asked after it"));
}

}  // namespace
}  // namespace quietgate
