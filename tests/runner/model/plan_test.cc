#include "runner/model/plan.h"

#include <gtest/gtest.h>

#include <limits>

#include "runner/model/event.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

TEST(Bound, HoldsByItsRelation) {
  using R = Bound::Relation;
  EXPECT_TRUE((Bound{R::less, 2, ""}.holds(1)));
  EXPECT_FALSE((Bound{R::less, 2, ""}.holds(2)));
  EXPECT_TRUE((Bound{R::less_equal, 2, ""}.holds(2)));
  EXPECT_FALSE((Bound{R::greater, 2, ""}.holds(2)));
  EXPECT_TRUE((Bound{R::greater_equal, 2, ""}.holds(2)));
  EXPECT_TRUE((Bound{R::equal, 2, ""}.holds(2)));
  EXPECT_FALSE((Bound{R::not_equal, 2, ""}.holds(2)));
}

TEST(Bound, NaNNeverHolds) {
  using R = Bound::Relation;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const R relation : {R::less, R::less_equal, R::greater, R::greater_equal, R::equal, R::not_equal}) {
    EXPECT_FALSE((Bound{relation, 1, ""}.holds(nan)));
    EXPECT_FALSE((Bound{relation, nan, ""}.holds(1)));
  }
}

TEST(Plan, FindsStagesAndNamesKinds) {
  Plan plan;
  plan.stages.resize(2);
  plan.stages[1].name = "b";
  plan.stages[1].body = ApplySpec{};
  ASSERT_NE(plan.find("b"), nullptr);
  EXPECT_STREQ(kind_of(plan.find("b")->body), "apply");
  EXPECT_EQ(plan.find("c"), nullptr);
}

TEST(Plan, TraitsComeFromWhatAStageIsToDo) {
  ApplySpec kept;
  kept.keep = true;
  EXPECT_TRUE(body_of(ApplySpec{}).traits().makes_environment);
  EXPECT_FALSE(body_of(ApplySpec{}).traits().keeps_environment);
  EXPECT_TRUE(body_of(kept).traits().keeps_environment);
  EXPECT_TRUE(body_of(PromoteSpec{}).traits().promotes);
  EXPECT_FALSE(body_of(PromoteSpec{}).traits().takes_slot);
  EXPECT_TRUE(body_of(LoadSpec{}).traits().runs_in_tree);
  EXPECT_FALSE(body_of(VerifySpec{}).traits().runs_in_tree);
  EXPECT_TRUE(traits_of(StageBody{"toy", "{}", {.waits_for_person = true}}).waits_for_person);
}

// Of a kind that this version does not know, too: its spec is JSON that nobody here reads.
TEST(Plan, KeepsWhatOnlyAKindReads) {
  const std::string body = R"({"open":{"kind":"later","spec":{"a":[1.5,"${{ commit.sha }}"]},"traits":)"
                           R"({"keeps_artifacts":false,"keeps_environment":false,"leaves_window":false,"loads":false,)"
                           R"("makes_environment":false,"may_keep_artifacts":false,"promotes":true,)"
                           R"("runs_in_tree":false,"takes_slot":true,"tests":false,"waits_for_person":false}}})";
  Plan plan;
  plan.stages.resize(1);
  plan.stages[0].body = StageBody{"later", R"({"a":[1.5,"${{ commit.sha }}"]})", {.promotes = true}};
  const std::string json = to_json(plan);
  EXPECT_NE(json.find(body), std::string::npos) << json;
  EXPECT_EQ(*plan_from_json(json), plan);
}

}  // namespace
}  // namespace quietgate
