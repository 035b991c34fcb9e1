// Plans that a version before wrote, when the specs of kinds were no matter of their folders and no traits stood in a
// plan: tests/cases/plans, compiled from the files of the same name in tests/cases/pipelines/good.
#include <gtest/gtest.h>

#include "pipelines/language/compiler.h"
#include "pipelines/language/print.h"
#include "runner/model/event.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"

namespace quietgate {
namespace {

class OlderPlan : public testing::TestWithParam<const char*> {
 protected:
  std::string text = read_text(std::string(QUIETGATE_SOURCE_DIR "/tests/cases/plans/") + GetParam() + ".json");
};

TEST_P(OlderPlan, IsReadAndWrittenAgainByteForByte) {
  const auto plan = plan_from_json(text);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(to_json(*plan), text);
  const Event event = PlanCompiled{plan->run, *plan};
  const auto again = event_from_json(type_of(event), to_json(event));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*std::get<PlanCompiled>(*again).plan, *plan);
}

// Its hash, its traits, what a gate and a rollback ask of it, and what is printed.
TEST_P(OlderPlan, IsWhatTheFileCompilesToNow) {
  const auto older = plan_from_json(text);
  ASSERT_TRUE(older) << older.error().message;
  const auto path = std::string(QUIETGATE_SOURCE_DIR "/tests/cases/pipelines/good/") + GetParam() + ".yaml";
  const auto now = compile_pipeline(read_text(path), "p.yaml", some_commit(), stage_kinds());
  ASSERT_TRUE(now.plan) << now.printed;
  EXPECT_EQ(to_json(*now.plan), text);
  EXPECT_EQ(*now.plan, *older);
  EXPECT_EQ(describe(*now.plan, stage_kinds()), describe(*older, stage_kinds()));
}

INSTANTIATE_TEST_SUITE_P(Every, OlderPlan, testing::Values("everything", "handed-on", "loads", "product"));

}  // namespace
}  // namespace quietgate
