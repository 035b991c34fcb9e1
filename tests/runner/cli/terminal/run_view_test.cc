#include "runner/cli/terminal/run_view.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "runner/cli/terminal/run_report.h"
#include "runner/cli/terminal/screen_text.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

Plan plan_of(const RunId& run) {
  Plan plan;
  plan.name = "hello";
  plan.run = run;
  StageSpec unit;
  unit.name = "unit";
  unit.body = TestSpec{};
  StageSpec load;
  load.name = "load";
  load.needs = {"unit"};
  load.body = LoadSpec{};
  StageSpec production;
  production.name = "production";
  production.needs = {"load"};
  production.body = PromoteSpec{"production", GateSpec{}, Approval::none};
  plan.stages = {unit, load, production};
  return plan;
}

class RunViewTest : public ::testing::Test {
 protected:
  RunView& view(Terminal terminal) {
    view_.emplace(
        terminal, [this](std::string_view text) { screen += text; }, [this] { return now; },
        [this](const RunId&, const std::string&, int) { return activity; });
    return *view_;
  }
  void add(Event event) { view_->on_row({++sequence, now, std::move(event)}); }
  void begin() {
    add(RunRequested{run, "main", CommitId(40, 'a'), "main moved to aaaaaaa"});
    add(PlanCompiled{run, plan_of(run)});
    add(StageStarted{run, "unit", 1});
    now += Milliseconds{2'500};
    StageOutcome passed;
    passed.outcome = Outcome::passed;
    passed.reason = "12 tests passed";
    add(StageFinished{run, "unit", 1, passed});
    add(StageStarted{run, "load", 1});
  }
  void end() {
    now += Milliseconds{45'000};
    StageOutcome failed;
    failed.outcome = Outcome::failed;
    failed.reason = "p95 312 ms > 250 ms over 45 s (4,512 requests)";
    failed.advice = "make the slow handler faster, or raise the bound";
    failed.checks = {{"p95", "<= 250ms", "312 ms", Outcome::failed, failed.reason}};
    add(StageFinished{run, "load", 1, failed});
    add(StageSkipped{run, "production", "`load` failed", false});
    add(RunFinished{run, Outcome::failed, "load: " + failed.reason});
  }
  // What is on the screen after all that was written, escape sequences obeyed.
  std::vector<std::string> seen() const {
    std::vector<std::string> lines(1);
    std::size_t row = 0;
    for (std::size_t i = 0; i < screen.size(); ++i) {
      if (screen[i] == '\n') {
        if (++row == lines.size()) lines.emplace_back();
        lines[row].clear();
      } else if (screen[i] == '\x1b') {
        auto end = i + 2;
        while (std::isalpha(static_cast<unsigned char>(screen[end])) == 0) ++end;
        const auto count = std::atoi(screen.substr(i + 2, end - i - 2).c_str());
        if (screen[end] == 'A') row -= static_cast<std::size_t>(count);
        if (screen[end] == 'A') lines[row].clear();
        if (screen[end] == 'J') lines.resize(row + 1);
        i = end;
      } else if (screen[i] != '\r') {
        lines[row] += screen[i];
      }
    }
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }

  const RunId run{"hello", 12};
  Time now{Milliseconds{1'770'000'000'000}};
  StageActivity activity;
  std::string screen;
  std::int64_t sequence = 0;
  std::optional<RunView> view_;
};

const Terminal pipe_terminal{};
const Terminal live_terminal{true, false, true, 80, 24};

TEST_F(RunViewTest, PrintsALinePerEventWithoutATerminal) {
  view(pipe_terminal);
  begin();
  end();
  EXPECT_EQ(screen,
            "hello/12  main aaaaaaa  main moved to aaaaaaa\n"
            "unit        started\n"
            "unit        passed in 2.5s: 12 tests passed\n"
            "load        started\n"
            "load        failed in 45s: p95 312 ms > 250 ms over 45 s (4,512 requests)\n"
            "production  skipped: `load` failed\n");
}

TEST_F(RunViewTest, EndsWithTheReport) {
  view(pipe_terminal);
  begin();
  end();
  screen.clear();
  view_->finish();
  EXPECT_EQ(screen,
            "\n"
            "x hello/12 failed in 47s: load: p95 312 ms > 250 ms over 45 s (4,512 requests)\n"
            "  main aaaaaaa, main moved to aaaaaaa\n"
            "\n"
            "     STAGE       KIND     TOOK  RESULT\n"
            "  +  unit        test     2.5s  12 tests passed\n"
            "  x  load        load     45s   p95 312 ms > 250 ms over 45 s (4,512 requests)\n"
            "  -  production  promote        `load` failed\n"
            "\n"
            "Checks of load\n"
            "     CHECK  EXPECTED  OBSERVED  ARITHMETIC\n"
            "  x  p95    <= 250ms  312 ms    p95 312 ms > 250 ms over 45 s (4,512 requests)\n"
            "\n"
            "What to do\n"
            "  load: make the slow handler faster, or raise the bound\n"
            "  read its whole log:  quietgate logs hello/12 load\n");
}

TEST_F(RunViewTest, PrintsWhyAPipelineWasRejectedOnce) {
  view(pipe_terminal);
  const std::string why = ".quietgate.yaml:2:1: error: `stages` is missing\n";
  add(RunRequested{run, "main", CommitId(40, 'a'), "quietgate run by ana"});
  add(PlanRejected{run, why, Outcome::failed});
  add(RunFinished{run, Outcome::failed, ".quietgate.yaml:2:1: error: `stages` is missing"});
  EXPECT_EQ(screen, "hello/12  main aaaaaaa  quietgate run by ana\n");
  view_->finish();
  EXPECT_NE(screen.find("\n\n" + why), std::string::npos) << screen;
  EXPECT_EQ(screen.find(why), screen.rfind(why)) << screen;
}

TEST_F(RunViewTest, DrawsTheTreeInPlaceWithABarAndTheTimeLeft) {
  view(live_terminal);
  activity = {Milliseconds{20'000}, Milliseconds{40'000}, "40 users, 812 req/s"};
  begin();
  now += Milliseconds{20'000};
  view_->tick();
  view_->tick();
  const auto lines = seen();
  ASSERT_EQ(lines.size(), 4u) << screen;
  EXPECT_EQ(lines[0], "hello/12 · main aaaaaaa · main moved to aaaaaaa");
  EXPECT_EQ(lines[1], "  ✓ unit        2.5s    12 tests passed");
  EXPECT_NE(lines[2].find("load        20s     ━━━━━━━━━━━━━━━━━━━━━━━━ 20s left · 40 users"), std::string::npos)
      << lines[2];
  EXPECT_EQ(lines[3], "  ○ production          after load");
}

TEST_F(RunViewTest, NeverWrapsALine) {
  auto narrow = live_terminal;
  narrow.width = 40;
  view(narrow);
  activity.line = std::string(300, 'x');
  begin();
  view_->tick();
  end();
  for (const auto& line : seen()) EXPECT_LT(columns_of(line), 40) << line;
}

TEST_F(RunViewTest, StaysWithinALowTerminal) {
  auto low = live_terminal;
  low.height = 8;
  view(low);
  auto plan = plan_of(run);
  for (int i = 0; i < 40; ++i) {
    StageSpec more;
    more.name = "stage" + std::to_string(i);
    more.body = TestSpec{};
    plan.stages.push_back(more);
  }
  add(RunRequested{run, "main", CommitId(40, 'a'), "x"});
  add(PlanCompiled{run, plan});
  view_->tick();
  EXPECT_LT(seen().size(), 8u);
}

TEST_F(RunViewTest, LeavesOnlyTheReportOnTheScreen) {
  view(live_terminal);
  begin();
  end();
  view_->finish();
  const auto lines = seen();
  EXPECT_EQ(lines[0].rfind("✗ hello/12 failed in 47s", 0), 0u) << lines[0];
}

TEST_F(RunViewTest, LetsNoForeignTextDriveTheTerminal) {
  view(live_terminal);
  begin();
  StageOutcome evil;
  evil.outcome = Outcome::failed;
  evil.reason = "\x1b]0;owned\a\x1b[2Jgone\r";
  add(StageFinished{run, "load", 1, evil});
  screen.clear();
  view_->finish();
  EXPECT_EQ(screen.find("\x1b]0"), std::string::npos);
  EXPECT_EQ(screen.find("\x1b[2J"), std::string::npos);
  EXPECT_NE(screen.find("gone"), std::string::npos);
}

TEST_F(RunViewTest, SaysHowToApprove) {
  view(live_terminal);
  begin();
  add(ApprovalAwaited{run, "load", "really?"});
  EXPECT_NE(screen.find("waits for: quietgate approve hello/12 load · really?"), std::string::npos) << screen;
  add(ApprovalAwaited{run, "load", "really?"});
  screen.clear();
  const auto shown = run_report(view_->record(), pipe_terminal, Time{Milliseconds{1'770'000'062'000}});
  EXPECT_NE(shown.find("\nQuestions\n  load: really?\n    asked "), std::string::npos) << shown;
  EXPECT_NE(shown.find("    answer: quietgate approve hello/12 load [--refuse] [--reason TEXT]\n"), std::string::npos);
}

TEST_F(RunViewTest, NamesNoServiceToAnswerThroughWhereThereIsNone) {
  view(live_terminal);
  view_->asks_here();
  begin();
  add(ApprovalAwaited{run, "load", "really?"});
  EXPECT_NE(screen.find("asks you · really?"), std::string::npos) << screen;
  EXPECT_EQ(screen.find("quietgate approve"), std::string::npos);
}

TEST_F(RunViewTest, DrawsNothingWhileAQuestionStandsThere) {
  view(live_terminal);
  begin();
  view_->hold(true);
  screen.clear();
  view_->tick();
  EXPECT_EQ(screen, "");
  view_->hold(false);
  view_->tick();
  EXPECT_EQ(screen.find("\x1b[1A"), std::string::npos) << "nothing above is drawn over";
  EXPECT_NE(screen.find("hello/12"), std::string::npos);
}

TEST_F(RunViewTest, SaysThatARunIsARollback) {
  view(pipe_terminal);
  RunRequested back{run, "main", CommitId(40, 'b'), "rollback of hello/4 by ana", {}};
  back.rollback = {{"hello", 4}, "production", CommitId(40, 'a'), "", "after the release: loud"};
  add(back);
  const auto shown = run_report(view_->record(), pipe_terminal, Time{});
  EXPECT_NE(
      shown.find(
          "  main bbbbbbb, rollback of hello/4 to bbbbbbb by an alert: after the release: loud (production was at "
          "aaaaaaa)\n"),
      std::string::npos)
      << shown;
}

TEST_F(RunViewTest, PrintsTheProofTableAndWhoDecided) {
  view(pipe_terminal);
  begin();
  StageOutcome passed;
  passed.outcome = Outcome::passed;
  add(StageFinished{run, "load", 1, passed});
  add(StageStarted{run, "production", 1});
  add(GateJudged{run, "production", 1, {GateVerdict::loud, "HighLatency fired", {}, {}}});
  add(PromotionIntended{run, "production", 1, "production", CommitId(40, 'b'), CommitId(40, 'a'), "ana", "known alert",
                        true});
  add(CommitPromoted{run, "production", "production", CommitId(40, 'b'), CommitId(40, 'a')});
  passed.gate =
      GateJudgement{GateVerdict::loud, "HighLatency fired", {{"P3", "rules equal", GateVerdict::quiet, "7 of 7"}}, {}};
  add(StageFinished{run, "production", 1, passed});
  add(RunFinished{run, Outcome::passed, ""});
  screen.clear();
  view_->finish();
  EXPECT_NE(screen.find("+ hello/12 passed in 2.5s: production is now aaaaaaa\n"), std::string::npos) << screen;
  EXPECT_NE(screen.find("Gate of production\n  loud: HighLatency fired\n"
                        "  PROOF  VERDICT  OF           DETAIL\n"
                        "  P3     quiet    rules equal  7 of 7\n"),
            std::string::npos)
      << screen;
  EXPECT_NE(screen.find("production moved bbbbbbb to aaaaaaa\n    overridden by ana at "), std::string::npos) << screen;
  EXPECT_NE(screen.find(": known alert; the gate said at "), std::string::npos) << screen;
  EXPECT_NE(screen.find(": loud: HighLatency fired\n"), std::string::npos) << screen;
}

}  // namespace
}  // namespace quietgate
