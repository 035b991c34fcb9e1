#include "runner/model/try_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/model/next.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using ::testing::ElementsAre;

StageSpec stage(const std::string& name, std::vector<std::string> needs, StageBody body) {
  StageSpec spec;
  spec.name = name;
  spec.needs = std::move(needs);
  spec.body = std::move(body);
  return spec;
}

ApplySpec apply(bool keep) {
  ApplySpec spec;
  spec.keep = keep;
  return spec;
}

TestSpec runs(const std::string& shell) {
  return {{{shell, {}, {}, {}}}, {}, {}};
}

TEST(TryOut, LeavesWhatIsKeptAloneAndWhatUsesIt) {
  Plan plan;
  plan.hash = "h";
  VerifySpec verify;
  verify.during = "release";
  plan.stages = {stage("staging", {}, apply(false)), stage("release", {"staging"}, apply(true)),
                 stage("smoke", {"release"}, runs("curl ${{ stages.release.outputs.url }}")),
                 stage("tell", {"release"}, runs("echo ${{ stages.release.outcome }}")),
                 stage("metrics", {"release"}, verify)};
  const auto tried = try_out_plan(plan);
  std::vector<std::string> reasons;
  for (const auto& spec : tried.stages) reasons.push_back(spec.left_out);
  EXPECT_THAT(reasons,
              ElementsAre("", "a try-out leaves kept environments alone: `quietgate run --release` applies this one",
                          "it uses `release`, which a try-out leaves alone", "",
                          "it uses `release`, which a try-out leaves alone"));
  EXPECT_EQ(tried.hash, "");
}

TEST(TryOut, OfAPlanThatKeepsNothingIsThePlan) {
  Plan plan;
  plan.hash = "h";
  plan.stages = {stage("staging", {}, apply(false)), stage("unit", {"staging"}, runs("true"))};
  EXPECT_EQ(try_out_plan(plan), plan);
}

TEST(TryOut, PassesWithoutWhatItLeavesOut) {
  RunState state;
  state.id = {"hello", 1};
  Plan plan;
  plan.run = state.id;
  plan.stages = {stage("release", {}, apply(true)), stage("smoke", {"release"}, runs("true"))};
  fold(state, RunRequested{state.id, "main", "c", "test"}, Time{});
  fold(state, PlanCompiled{state.id, try_out_plan(plan)}, Time{});
  for (const char* skipped : {"release", "smoke"}) {
    const auto actions = next(state, {});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(actions[0].kind, Action::Kind::skip);
    EXPECT_EQ(actions[0].stage, skipped);
    fold(state, StageSkipped{state.id, skipped, actions[0].reason, false}, Time{});
  }
  const auto actions = next(state, {});
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::finish);
  EXPECT_EQ(actions[0].outcome, Outcome::passed);
}

}  // namespace
}  // namespace quietgate
