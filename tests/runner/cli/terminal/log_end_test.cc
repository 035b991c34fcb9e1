#include "runner/cli/terminal/log_end.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(LogEnd, ShowsTheLastFifteenLines) {
  std::string log;
  for (int line = 1; line <= 20; ++line) log += "line " + std::to_string(line) + "\n";
  const auto shown = log_end(log, false, Terminal{});
  EXPECT_TRUE(shown.starts_with("    line 6\n")) << shown;
  EXPECT_TRUE(shown.ends_with("    line 20\n")) << shown;
}

TEST(LogEnd, LeavesOutALineThatBeginsBeforeTheText) {
  EXPECT_EQ(log_end("t of a line\nwhole\n", true, Terminal{}), "    whole\n");
  EXPECT_EQ(log_end("no end of a line", true, Terminal{}), "");
}

TEST(LogEnd, LeavesOutEmptyLines) {
  EXPECT_EQ(log_end("\n\nlast\n \n", false, Terminal{}), "    last\n");
}

TEST(LogEnd, GivesTheTerminalNothingThatActsOnIt) {
  const auto shown = log_end("a\x1b]0;title\x07\x1b[2Jb\r\n", false, Terminal{});
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.find('\r'), std::string::npos);
}

TEST(LogEnd, IsShownOfWhatWentWrong) {
  StageState stage;
  stage.status = StageStatus::finished;
  for (const auto outcome : {Outcome::failed, Outcome::error, Outcome::inconclusive}) {
    stage.outcome.outcome = outcome;
    EXPECT_TRUE(shows_log_end(stage)) << to_string(outcome);
  }
  for (const auto outcome : {Outcome::passed, Outcome::cancelled, Outcome::skipped}) {
    stage.outcome.outcome = outcome;
    EXPECT_FALSE(shows_log_end(stage)) << to_string(outcome);
  }
}

}  // namespace
}  // namespace quietgate
