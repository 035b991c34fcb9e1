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

TEST(PromoteApproval, APromotionWaitsForAPersonAfterTheGate) {
  PromoteWorld world;
  world.add_gate();
  world.spec.approval = Approval::manual;
  PromoteStage stage(world.git, world.prometheus, world.bench.clock);
  auto request = world.request();
  std::optional<StageOutcome> outcome;
  spawn(
      world.bench.loop.get_executor(),
      [](PromoteStage& s, StageRequest r, std::optional<StageOutcome>& o) -> Task<void> {
        o = co_await s.run(std::move(r));
      }(stage, request, outcome),
      [](std::exception_ptr) {});
  for (int i = 0; i < 100'000 && world.bench.journal.rows.size() < 2; ++i) {
    if (world.bench.loop.poll_one() == 0) world.bench.clock.advance(Milliseconds{10});
    world.bench.loop.restart();
  }
  ASSERT_THAT(world.events(), ElementsAre("GateJudged", "ApprovalAwaited"));
  EXPECT_EQ(world.last_event<ApprovalAwaited>().message, "move production to aaaaaaa?");
  EXPECT_EQ(world.git.pushes, 0);
  std::vector<Event> events;
  events.emplace_back(ApprovalGiven{{"sample", 7}, "another", "eve", "", true});
  events.emplace_back(ApprovalGiven{{"sample", 7}, "production", "ana", "looks good", true});
  ASSERT_TRUE(world.bench.journal.append_now(std::move(events)).ok());
  while (world.bench.loop.poll_one() > 0) {
  }
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->outcome, Outcome::passed);
  EXPECT_EQ(std::get<PromotionIntended>(world.bench.journal.rows.at(4).event).by, "ana");
}

TEST(PromoteApproval, TheNewestDecisionCounts) {
  PromoteWorld refused;
  refused.spec.approval = Approval::manual;
  refused.happened(ApprovalGiven{{"sample", 7}, "production", "ana", "not on a Friday", false});
  auto outcome = refused.run();
  EXPECT_EQ(outcome.outcome, Outcome::cancelled);
  EXPECT_EQ(outcome.reason, "refused by ana: not on a Friday");
  EXPECT_EQ(refused.git.pushes, 0);
  refused.happened(PromotionRequested{{"sample", 7}, "bob", "it is Monday", false});
  EXPECT_EQ(refused.run().outcome, Outcome::passed);
}

}  // namespace
}  // namespace quietgate
