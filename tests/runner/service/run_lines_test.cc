#include "runner/service/run_lines.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

Row row_at(int seconds, Event event) {
  return {seconds, Time{Milliseconds{seconds * 1000}}, std::move(event)};
}

TEST(RunLines, TellTheBeginAndTheEndOfARun) {
  RunLines lines;
  const RunId run{"hello", 3};
  EXPECT_EQ(lines.of(row_at(1, RunRequested{run, "main", CommitId(40, 'a'), "main moved from 1 to 2"})),
            "hello/3 begins: main at aaaaaaa; main moved from 1 to 2");
  EXPECT_EQ(lines.of(row_at(2, StageStarted{run, "unit", 1})), std::nullopt);
  EXPECT_EQ(lines.of(row_at(63, RunFinished{run, Outcome::failed, "unit: exit status 3"})),
            "hello/3 failed after 1m 2s: unit: exit status 3");
  EXPECT_EQ(lines.of(row_at(64, RunFinished{{"hello", 4}, Outcome::passed, ""})), "hello/4 passed")
      << "its begin was told by another service";
}

TEST(RunLines, TellWhyAPushRunsNothing) {
  EXPECT_EQ(RunLines().of(row_at(1, RunSkipped{"hello", "master", CommitId(40, 'b'),
                                               "branch `master` matches none of on.branches (main)"})),
            "hello: master at bbbbbbb runs nothing: branch `master` matches none of on.branches (main)");
}

TEST(RunLines, AreOneLineWhateverIsInThem) {
  const auto line =
      RunLines().of(row_at(1, RunSkipped{"hello", "a\nb\x1b[2J", CommitId(40, 'b'), std::string(2'000, 'x') + "\n"}));
  EXPECT_EQ(line->find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(line->size(), 700U);
}

}  // namespace
}  // namespace quietgate
