#include "runner/model/plan.h"

#include <gtest/gtest.h>

#include <limits>

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

}  // namespace
}  // namespace quietgate
