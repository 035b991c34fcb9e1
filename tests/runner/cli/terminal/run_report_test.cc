#include <gtest/gtest.h>

#include "runner/cli/terminal/run_report.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

TEST(RunReport, NamesInItsFirstLineWhatTheRunLeftOut) {
  Plan plan;
  plan.run = {"hello-3f2a91", 1};
  for (const char* name : {"unit", "release", "smoke", "tell"}) {
    StageSpec spec;
    spec.name = name;
    spec.body = TestSpec{};
    plan.stages.push_back(spec);
  }
  plan.stages[1].left_out = "a try-out leaves it alone";
  plan.stages[2].needs = {"release"};
  RunRecord record;
  std::int64_t sequence = 0;
  const auto add = [&](Event event) { record.add({++sequence, Time{Milliseconds{1'000}}, std::move(event)}); };
  add(RunRequested{plan.run, "main", CommitId(40, 'a'), "quietgate run by ana"});
  add(PlanCompiled{plan.run, plan});
  StageOutcome passed;
  passed.outcome = Outcome::passed;
  add(StageStarted{plan.run, "unit", 1});
  add(StageFinished{plan.run, "unit", 1, passed});
  add(StageSkipped{plan.run, "release", plan.stages[1].left_out, false});
  add(StageSkipped{plan.run, "smoke", "`release` was skipped", false});
  add(StageSkipped{plan.run, "tell", "condition `failure()` is false", true});
  add(RunFinished{plan.run, Outcome::passed, ""});
  const auto report = run_report(record, Terminal{}, Time{Milliseconds{1'000}});
  EXPECT_NE(report.find(" passed in 0ms; left out: release, smoke\n"), std::string::npos) << report;
  EXPECT_NE(report.find("a try-out leaves it alone"), std::string::npos) << report;
}

}  // namespace
}  // namespace quietgate
