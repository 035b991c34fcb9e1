#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;

StageSpec apply_stage(const std::string& name, bool keep) {
  auto spec = test_stage(name);
  ApplySpec apply;
  apply.keep = keep;
  spec.body = apply;
  return spec;
}

TEST(TryOutRun, BeginsNothingThatIsKept) {
  for (const bool tries_out : {true, false}) {
    EngineWorld world;
    auto& plan = world.compiler.plans["plan"];
    plan.hash = "of the whole plan";
    plan.stages = {apply_stage("staging", false), apply_stage("release", true), test_stage("smoke", {"release"})};
    world.start_service();
    world.parts->tries_out = tries_out;
    world.request();
    EXPECT_EQ(world.summary().outcome, Outcome::passed);
    if (!tries_out) {
      EXPECT_THAT(world.stage.started, ElementsAre("staging.1", "release.1", "smoke.1"));
      continue;
    }
    EXPECT_THAT(world.stage.started, ElementsAre("staging.1"));
    const auto rows = world.journal->read_now(0, 100, RunId{"hello", 1});
    ASSERT_TRUE(rows);
    const auto* compiled = std::get_if<PlanCompiled>(&rows->at(1).event);
    ASSERT_NE(compiled, nullptr);
    EXPECT_EQ(compiled->plan->hash.size(), 64U) << "it is another plan";
  }
}

}  // namespace
}  // namespace quietgate
