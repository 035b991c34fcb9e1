#include "stages/gate/watched_rules.h"
#include "tests/support/promote_world.h"

namespace quietgate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Promote, AnOpenIntentAsksTheRemoteFirst) {
  PromoteWorld arrived;
  arrived.happened(intent());
  arrived.git.remote["production"] = tested;
  EXPECT_EQ(arrived.run().outcome, Outcome::passed);
  EXPECT_EQ(arrived.git.pushes, 0);
  EXPECT_THAT(arrived.events(), ElementsAre("PromotionIntended", "CommitPromoted"));

  PromoteWorld tried;  // a dry run takes nothing back of what was begun in earnest
  tried.dry_run = true;
  tried.happened(intent());
  tried.git.remote["production"] = tested;
  EXPECT_EQ(tried.run().outcome, Outcome::passed);
  EXPECT_THAT(tried.events(), ElementsAre("PromotionIntended", "CommitPromoted"));

  PromoteWorld waiting;
  waiting.happened(intent());
  EXPECT_EQ(waiting.run().outcome, Outcome::passed);
  EXPECT_EQ(waiting.git.pushes, 1);
  EXPECT_THAT(waiting.events(), ElementsAre("PromotionIntended", "CommitPromoted")) << "no second intent";

  PromoteWorld taken;
  taken.happened(intent());
  taken.git.remote["production"] = others;
  EXPECT_EQ(taken.run().outcome, Outcome::failed);
  EXPECT_EQ(taken.git.pushes, 0);
  EXPECT_THAT(taken.events(), ElementsAre("PromotionIntended", "PromotionRefused"));

  PromoteWorld recorded;
  recorded.happened(intent());
  recorded.happened(CommitPromoted{{"sample", 7}, "production", "production", base, tested});
  recorded.git.broken = infrastructure_error("not asked");
  EXPECT_EQ(recorded.run().outcome, Outcome::passed);
}

}  // namespace
}  // namespace quietgate
