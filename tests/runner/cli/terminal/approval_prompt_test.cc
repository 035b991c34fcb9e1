#include "runner/cli/terminal/approval_prompt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

class ApprovalPromptTest : public ::testing::Test {
 protected:
  ApprovalPromptTest() {
    EXPECT_EQ(::pipe(pipe.data()), 0);
    Plan plan;
    plan.run = run;
    StageSpec ask;
    ask.name = "ask";
    ask.body = ApproveSpec{"ship it?"};
    plan.stages = {ask};
    add(RunRequested{run, "main", CommitId(40, 'a'), "quietgate run by ana"});
    add(PlanCompiled{run, plan});
    add(StageStarted{run, "ask", 1});
    add(ApprovalAwaited{run, "ask", "ship it?\x1b[2J"});
  }
  ~ApprovalPromptTest() override {
    ::close(pipe[0]);
    if (pipe[1] >= 0) ::close(pipe[1]);
  }
  void add(Event event) { record.add({record.last + 1, Time{}, std::move(event)}); }
  void type(std::string_view text) {
    ASSERT_EQ(::write(pipe[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  ApprovalPrompt make_prompt(bool answers = true) {
    return {{"ana", answers, pipe[0]}, [this](std::string_view text) { screen += text; }};
  }

  std::array<int, 2> pipe{-1, -1};
  const RunId run{"hello", 1};
  RunRecord record;
  std::string screen;
};

TEST_F(ApprovalPromptTest, AsksOnceAndTakesTheAnswerWithItsReason) {
  auto prompt = make_prompt();
  EXPECT_TRUE(prompt.poll(record).empty());
  EXPECT_TRUE(prompt.asking());
  EXPECT_TRUE(prompt.poll(record).empty());
  EXPECT_EQ(screen, "\nask asks: ship it?\nyes or no? [y/N] ");
  type("Y");
  EXPECT_TRUE(prompt.poll(record).empty()) << "the line has no end yet";
  type("es\n");
  EXPECT_TRUE(prompt.poll(record).empty());
  EXPECT_TRUE(prompt.asking());
  type("looks good\n");
  const auto given = prompt.poll(record);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_TRUE(given[0].granted);
  EXPECT_EQ(given[0].by, "ana");
  EXPECT_EQ(given[0].reason, "looks good");
  EXPECT_FALSE(prompt.asking());
  EXPECT_TRUE(prompt.poll(record).empty()) << "it was answered, though that is not on record yet";
}

TEST_F(ApprovalPromptTest, WhateverIsNotYesIsNo) {
  auto prompt = make_prompt();
  type("\n\n");
  const auto given = prompt.poll(record);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_FALSE(given[0].granted);
}

TEST_F(ApprovalPromptTest, TheEndOfTheInputIsNo) {
  auto prompt = make_prompt();
  ::close(pipe[1]);
  pipe[1] = -1;
  const auto given = prompt.poll(record);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_FALSE(given[0].granted);
}

TEST_F(ApprovalPromptTest, WithoutATerminalItFailsAtOnce) {
  auto prompt = make_prompt(false);
  const auto given = prompt.poll(record);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_FALSE(given[0].granted);
  EXPECT_EQ(given[0].reason,
            "nobody can answer here, because standard input is not a terminal; use a terminal, or push the commit to a "
            "service, which waits for an answer");
  EXPECT_TRUE(prompt.poll(record).empty());
  EXPECT_EQ(screen, "");
}

TEST_F(ApprovalPromptTest, AQuestionThatIsOverIsAskedNoMore) {
  auto prompt = make_prompt();
  EXPECT_TRUE(prompt.poll(record).empty());
  StageOutcome cancelled;
  cancelled.outcome = Outcome::cancelled;
  add(StageFinished{run, "ask", 1, cancelled});
  type("y\ny\n");
  EXPECT_TRUE(prompt.poll(record).empty());
  EXPECT_FALSE(prompt.asking());
}

}  // namespace
}  // namespace quietgate
