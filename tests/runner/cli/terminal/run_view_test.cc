#include <gtest/gtest.h>

#include "runner/cli/terminal/terminal_run.h"
#include "runner/cli/terminal/terminal_tests.h"

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

TEST(TroubledTests, NamesFailedAndFlakyOnesWithTheirFirstLines) {
  Terminal plain;
  EXPECT_EQ(troubled_tests(R"({"version":1,"tests":[{"name":"a","outcome":"passed"},
      {"name":"c","outcome":"passed","flaky":true,"message":"timed out"},
      {"name":"t::b","outcome":"failed","message":"assert 1 == 2\n\n  where\n3\n4\n5\n6\u001b[31m"}]})",
                           plain),
            "  " + mark(plain, Outcome::failed) +
                " t::b\n      assert 1 == 2\n        where\n      3\n      4\n      5\n      ...\n"
                "  ~ c (flaky)\n      timed out\n");
  EXPECT_EQ(troubled_tests("{", plain), "");
  std::string many = R"({"tests":[)";
  for (int i = 0; i < 25; ++i) many += std::string(i > 0 ? "," : "") + R"({"name":"n","outcome":"failed"})";
  EXPECT_NE(troubled_tests(many + "]}", plain).find("  and 5 more\n"), std::string::npos);
}

class RunViewTest : public ::testing::Test {
 protected:
  RunView& view(Terminal terminal) {
    view_.emplace(
        terminal, [this](std::string_view text) { screen += text; }, [this] { return now; },
        [this](const RunId&, const std::string&, int) { return glimpse; });
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
  Glimpse glimpse;
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
            "  read its log:  quietgate logs hello/12 load\n");
  EXPECT_EQ(exit_code_of(view_->record()), 1);
}

TEST_F(RunViewTest, DrawsTheTreeInPlaceWithABarAndTheTimeLeft) {
  view(live_terminal);
  glimpse = {Milliseconds{20'000}, Milliseconds{40'000}, "40 users, 812 req/s"};
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
  glimpse.line = std::string(300, 'x');
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

TEST(ExitCodes, FollowTheOutcome) {
  auto code = [](Outcome outcome, std::optional<GateVerdict> verdict = {}) {
    const RunId run{"hello", 1};
    RunRecord record;
    record.add({1, {}, RunRequested{run, "main", {}, ""}});
    record.add({2, {}, PlanCompiled{run, plan_of(run)}});
    record.add({3, {}, StageStarted{run, "production", 1}});
    StageOutcome ended;
    ended.outcome = outcome;
    if (verdict) ended.gate = GateJudgement{*verdict, "", {}, {}};
    record.add({4, {}, StageFinished{run, "production", 1, ended}});
    record.add({5, {}, RunFinished{run, outcome, ""}});
    return exit_code_of(record);
  };
  EXPECT_EQ(code(Outcome::passed), 0);
  EXPECT_EQ(code(Outcome::failed), 1);
  EXPECT_EQ(code(Outcome::failed, GateVerdict::loud), 1);
  EXPECT_EQ(code(Outcome::failed, GateVerdict::blind), 5);
  EXPECT_EQ(code(Outcome::inconclusive), 5);
  EXPECT_EQ(code(Outcome::error), 1);
  EXPECT_EQ(code(Outcome::cancelled), 130);
}

TEST(Glimpses, ReadProgressAndTheLogsLastLine) {
  auto g = glimpse_of(
      R"({"elapsed_ms":20000,"duration_ms":45000,"users":40,"requests_per_second":1812.4,"p95_ms":61.2,"failures":0})",
      "old\n");
  EXPECT_EQ(g.line, "40 users, 1,812 req/s, p95 61 ms");
  EXPECT_EQ(*g.duration - *g.elapsed, Milliseconds{25'000});
  EXPECT_EQ(glimpse_of("", "one\ntwo\x1b[31m red\r\n\n").line, "two red");
  const std::string table =
      R"({"elapsed_ms":1000,"duration_ms":9000,"proofs":[{"id":"P1","name":"n","verdict":"quiet","detail":"d","waived":""},)"
      R"({"id":"P6","name":"inputs","verdict":"blind","detail":"no x\u001b[31m","waived":""},)"
      R"({"id":"P7","name":"targets","verdict":"blind","detail":"none","waived":"managed"},7]})";
  EXPECT_EQ(glimpse_of(table, "").line, "2 of 3 proofs hold so far; P6 is blind: no x");
  EXPECT_EQ(proofs_so_far(table).size(), 3U);
  EXPECT_TRUE(proofs_so_far("{\"proofs\": 7}").empty());
  EXPECT_EQ(glimpse_of("not json", "").line, "");
  EXPECT_EQ(glimpse_of(R"({"elapsed_ms":45000,"duration_ms":45000,"users":0})", "settling: 3 replicas\n").line,
            "settling: 3 replicas");
}

TEST(Text, FitsAndMeasures) {
  const Terminal terminal{true, true, true, 80, 24};
  EXPECT_EQ(columns_of("✓ ab\x1b[31mc\x1b[0m"), 5);
  EXPECT_EQ(fitted(terminal, "abcdef", 4), "abc…");
  EXPECT_EQ(fitted(terminal, "\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
  EXPECT_EQ(printable("a\x1b[1mb\x07"
                      "c\td"),
            "abc d");
  EXPECT_EQ(printable("a\x9b"
                      "31mb\xc2\x9b"
                      "c\u202ed"),
            "a?31mbcd");
  EXPECT_EQ(columns_of("日本 e\u0301 😀"), 9);
  EXPECT_EQ(fitted(terminal, "日本日本", 6), "日本…");
  EXPECT_EQ(fitted(terminal, "日本日本", 5), "日本…");
  EXPECT_EQ(fitted(terminal, "日本日本", 4), "日…");
  EXPECT_EQ(wrapped("one two three", 8, 2), "one two\n  three");
  EXPECT_EQ(ago(Time{Milliseconds{1}}, Time{Milliseconds{180'001}}), "3m ago");
}

}  // namespace
}  // namespace quietgate
