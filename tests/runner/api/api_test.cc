#include "runner/api/api.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "runner/adapters/memory/memory_load_metrics.h"
#include "runner/adapters/memory/memory_synthetic_faults.h"
#include "runner/adapters/memory/memory_watchdog_deliveries.h"
#include "runner/api/routes.h"
#include "tests/support/fake_attempt_store.h"
#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"
#include "tests/support/slow_journal.h"

namespace quietgate {
namespace {

using Json = nlohmann::json;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() : journal(context.get_executor()) {
    ApiOptions options;
    options.version = "1.2.3";
    options.token = token;
    options.hosts = {"ci.example.org"};
    options.repositories = {{"hello", "https://git.example.org/hello.git", ".quietgate.yaml"}};
    options.not_ready = [this] { return not_ready; };
    loads.begin("hello");
    loads.count("hello", 70, 3);
    options.loads = &loads;
    options.faults = &faults;
    options.deliveries = &deliveries;
    options.evidence_key = "a public key";
    api.emplace(slow, slow_catalog, attempts, options);
  }

  Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
             const std::string& authorization = "Bearer 0123456789abcdef0123456789abcdef") {
    ApiRequest request;
    request.method = method;
    request.target = target;
    request.host = "127.0.0.1:8330";
    request.body = body;
    request.authorization = authorization;
    request.claimed_name = "ana";
    request.accept = "application/json";
    auto response = run_task(context, api->handle(request));
    auto* answer = std::get_if<Answer>(&response);
    return answer != nullptr ? *answer : Answer{-1, "not a whole answer", {}, {}};
  }
  Answer get(const std::string& target) { return ask("GET", target, {}, {}); }
  static std::string message(const Answer& answer) { return Json::parse(answer.body)["error"]["message"]; }

  // hello/1: unit passes, load runs.
  void begin_run() {
    journal.add(RefMoved{"hello", "main", {}, commit_a, RefMoved::Kind::first_seen});
    journal.add(RunRequested{run, "main", commit_a, "main moved to aaaaaaa"});
    journal.pass(Milliseconds{100});
    journal.add(PlanCompiled{run, sample_plan(run)});
    journal.add(StageStarted{run, "unit", 1});
    journal.pass(Milliseconds{2'500});
    auto passed = outcome_of(Outcome::passed, "12 tests passed");
    passed.tests = TestCounts{12, 0, 1};
    journal.add(StageFinished{run, "unit", 1, passed});
    journal.add(StageStarted{run, "load", 1});
  }
  // ... load passes, the gate is loud, the run fails.
  void finish_run(GateVerdict verdict = GateVerdict::loud) {
    journal.add(StageFinished{run, "load", 1, outcome_of(Outcome::passed, "all 3 expectations hold")});
    journal.add(StageStarted{run, "production", 1});
    auto refused = outcome_of(Outcome::failed, "the gate is loud");
    refused.gate = GateJudgement{
        verdict, "HighLatency fired for 12 s", {{"P3", "loaded rules equal", GateVerdict::quiet, "7 of 7"}}, {}};
    journal.add(StageFinished{run, "production", 1, refused});
    journal.pass(Milliseconds{1000});
    journal.add(RunFinished{run, Outcome::failed, "production: the gate is loud"});
  }

  const std::string token = "0123456789abcdef0123456789abcdef";
  const RunId run{"hello", 1};
  boost::asio::io_context context;
  FakeJournal journal;
  SlowJournal slow{journal, context.get_executor(), journal_ticks()};
  SlowCatalog slow_catalog{journal, context.get_executor(), journal_ticks()};
  FakeAttemptStore attempts;
  std::string not_ready;
  MemoryLoadMetrics loads;
  MemorySyntheticFaults faults;
  MemoryWatchdogDeliveries deliveries;
  std::optional<Api> api;
};

TEST_F(ApiTest, AnswersTheRunListWhole) {
  begin_run();
  EXPECT_EQ(
      get("/api/v1/runs").body,
      R"({"runs":[{"id":"hello/1","repository":"hello","number":1,"branch":"main",)"
      R"("commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","cause":"main moved to aaaaaaa","status":"running",)"
      R"("outcome":null,"reason":"","requested_at":"2026-02-02T02:40:00.000Z",)"
      R"("started_at":"2026-02-02T02:40:00.100Z","finished_at":null,"duration_ms":null,"waiting":null,"rollback":null}],"next_before":null})"
      "\n");
}

TEST_F(ApiTest, PagesTheRunListWithoutGapOrRepeat) {
  for (int i = 1; i <= 5; ++i) journal.add(RunRequested{{"hello", i}, "main", commit_a, "x"});
  auto first = Json::parse(get("/api/v1/runs?repository=hello&limit=3").body);
  ASSERT_EQ(first["runs"].size(), 3u);
  auto rest = Json::parse(get("/api/v1/runs?limit=3&before=" + first["next_before"].dump()).body);
  ASSERT_EQ(rest["runs"].size(), 2u);
  EXPECT_EQ(rest["runs"][0]["number"], 2);
  EXPECT_TRUE(rest["next_before"].is_null());
  EXPECT_EQ(get("/api/v1/runs?limit=0").status, 400);
  EXPECT_EQ(get("/api/v1/runs?limit=9999").status, 400);
  EXPECT_EQ(get("/api/v1/runs?before=x").status, 400);
}

TEST_F(ApiTest, NeverAnswersAnOldRunListAgain) {
  journal.add(RunRequested{{"hello", 1}, "main", commit_a, "x"});
  EXPECT_EQ(Json::parse(get("/api/v1/runs").body)["runs"].size(), 1u);
  journal.add(RunRequested{{"hello", 2}, "main", commit_a, "x"});
  EXPECT_EQ(Json::parse(get("/api/v1/runs").body)["runs"].size(), 2u);
}

TEST_F(ApiTest, ShowsARunWithAttemptsTestsAndLiveProgress) {
  begin_run();
  attempts.leave({run, "load", 1}, AttemptFile::progress, R"({"elapsed_ms":20000,"duration_ms":45000,"users":40})");
  auto json = Json::parse(get("/api/v1/runs/hello/1").body);
  ASSERT_EQ(json["stages"].size(), 3u);
  const auto& unit = json["stages"][0];
  EXPECT_EQ(unit["kind"], "test");
  EXPECT_EQ(unit["outcome"], "passed");
  EXPECT_EQ(unit["duration_ms"], 2500);
  EXPECT_EQ(unit["attempts"][0]["tests"], Json::parse(R"({"passed":12,"failed":0,"skipped":1,"flaky":0})"));
  EXPECT_EQ(json["stages"][1]["status"], "running");
  EXPECT_EQ(json["stages"][1]["progress"]["users"], 40);
  EXPECT_EQ(json["stages"][2]["status"], "waiting");
  finish_run();
  json = Json::parse(get("/api/v1/runs/hello/1").body);
  EXPECT_EQ(json["outcome"], "failed");
  EXPECT_EQ(json["stages"][2]["attempts"][0]["gate"]["proofs"][0]["id"], "P3");
  EXPECT_TRUE(json["stages"][1]["progress"].is_null());
  EXPECT_EQ(get("/api/v1/runs/hello/1").body, get("/api/v1/runs/hello/1").body);
}

TEST_F(ApiTest, KeepsEveryAttempt) {
  begin_run();
  journal.add(StageFinished{run, "load", 1, outcome_of(Outcome::error, "Locust was killed")});
  journal.add(StageStarted{run, "load", 2});
  auto json = Json::parse(get("/api/v1/runs/hello/1").body);
  ASSERT_EQ(json["stages"][1]["attempts"].size(), 2u);
  EXPECT_EQ(json["stages"][1]["attempts"][0]["reason"], "Locust was killed");
  EXPECT_TRUE(json["stages"][1]["attempts"][1]["outcome"].is_null());
}

TEST_F(ApiTest, SaysWhatIsNotThere) {
  EXPECT_EQ(get("/api/v1/runs/hello/7").status, 404);
  EXPECT_EQ(message(get("/api/v1/runs/hello/7")), "there is no run hello/7");
  EXPECT_EQ(get("/api/v1/runs/hello/seven").status, 404);
  EXPECT_EQ(get("/api/v1/runs/hello/0").status, 404);
  EXPECT_EQ(get("/api/v1/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/runs/../../etc/passwd").status, 404);
  EXPECT_EQ(get("/api/v1/runs/%2e%2e/1").status, 404);
  EXPECT_EQ(get("//api/v1/runs").status, 404);
  begin_run();
  EXPECT_EQ(get("/api/v1/runs/hello/1/stages/nope/log").status, 404);
  EXPECT_EQ(message(get("/api/v1/runs/hello/1/stages/production/log")), "stage `production` has not started");
  EXPECT_EQ(get("/api/v1/runs/hello/1/stages/unit/tests").status, 404);
  auto wrong = ask("DELETE", "/api/v1/runs");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers[0].second, "GET, POST");
}

TEST_F(ApiTest, OffersLogsByOffsetAndTail) {
  begin_run();
  attempts.leave({run, "unit", 1}, AttemptFile::log, "0123456789");
  auto whole = [&](const std::string& query) {
    ApiRequest request;
    request.host = "localhost";
    request.target = "/api/v1/runs/hello/1/stages/unit/log" + query;
    return std::get<FileAnswer>(run_task(context, api->handle(request)));
  };
  EXPECT_EQ(whole("").from, 0);
  EXPECT_EQ(whole("").size, 10);
  EXPECT_EQ(whole("?from=4").from, 4);
  EXPECT_EQ(whole("?from=99").from, 10);
  EXPECT_EQ(whole("?tail=3").from, 7);
  EXPECT_EQ(get("/api/v1/runs/hello/1/stages/unit/log?from=-1").status, 400);
  EXPECT_EQ(get("/api/v1/runs/hello/1/stages/unit/log?attempt=2").status, 404);
}

TEST_F(ApiTest, KnowsWhenALogIsOver) {
  begin_run();
  EXPECT_TRUE(run_task(context, api->over(LogFeed{{run, "unit", 1}, 0})));
  EXPECT_FALSE(run_task(context, api->over(LogFeed{{run, "load", 1}, 0})));
  EXPECT_FALSE(run_task(context, api->over(LogFeed{{run, "production", 1}, 0})));
  EXPECT_FALSE(run_task(context, api->over(run)));
  journal.add(StageFinished{run, "load", 1, outcome_of(Outcome::failed, "x")});
  EXPECT_TRUE(run_task(context, api->over(LogFeed{{run, "load", 1}, 0})));
  journal.add(StageSkipped{run, "production", "`load` failed", false});
  EXPECT_TRUE(run_task(context, api->over(LogFeed{{run, "production", 1}, 0})));
  journal.add(RunFinished{run, Outcome::failed, "x"});
  EXPECT_TRUE(run_task(context, api->over(run)));
}

TEST_F(ApiTest, RefusesForeignHosts) {
  auto with_host = [&](const std::string& host) {
    ApiRequest request;
    request.host = host;
    request.target = "/api/v1/runs";
    return std::get<Answer>(run_task(context, api->handle(request))).status;
  };
  for (const auto* good :
       {"127.0.0.1", "127.0.0.1:8330", "localhost:1", "LOCALHOST", "[::1]:8330", "127.9.9.9", "ci.example.org:80"})
    EXPECT_EQ(with_host(good), 200) << good;
  for (const auto* bad : {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1:80x",
                          "127.0.0.256", "127.0.0", "10.0.0.1", "[::2]"})
    EXPECT_EQ(with_host(bad), 403) << bad;
}

TEST_F(ApiTest, ChangesNothingWithoutTheToken) {
  begin_run();
  const auto before = journal.last();
  for (const auto& route : routes()) {
    if (route.permission == Permission::read) continue;
    std::string target = route.path;
    for (const auto& [name, value] : std::map<std::string, std::string>{{"{repository}", "hello"},
                                                                        {"{number}", "1"},
                                                                        {"{stage}", "unit"},
                                                                        {"{environment}", "e1"},
                                                                        {"{name}", "w"}}) {
      if (auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
    }
    for (const auto* bad : {"", "Bearer ", "Bearer 0123456789abcdef0123456789abcdee",
                            "Bearer 0123456789abcdef0123456789abcdef0", "0123456789abcdef0123456789abcdef"})
      EXPECT_EQ(ask(route.method, target, "{}", bad).status, 401) << target << " " << bad;
  }
  EXPECT_EQ(journal.last(), before);
}

TEST_F(ApiTest, ChangesNothingWhenNoTokenIsConfigured) {
  Api open(journal, journal, attempts, {"1", "", {}, {}, {}});
  begin_run();
  ApiRequest request;
  request.method = "POST";
  request.host = "localhost";
  request.target = "/api/v1/runs/hello/1/cancel";
  request.authorization = "Bearer ";
  EXPECT_EQ(std::get<Answer>(run_task(context, open.handle(request))).status, 401);
}

TEST_F(ApiTest, CancelsARunOnceAndSaysWho) {
  begin_run();
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", R"({"reason":"wrong branch"})").status, 202);
  const auto* cancel = std::get_if<CancelRequested>(&journal.rows.back().event);
  ASSERT_NE(cancel, nullptr);
  EXPECT_EQ(cancel->by, "ana (by the token)");
  EXPECT_EQ(cancel->cause, "cancelled by ana (by the token): wrong branch");
  const auto rows = journal.last();
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel").status, 202);
  EXPECT_EQ(journal.last(), rows);
  journal.add(RunFinished{run, Outcome::cancelled, "x"});
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel").status, 409);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/2/cancel").status, 404);
}

TEST_F(ApiTest, RefusesBodiesThatItDoesNotKnow) {
  begin_run();
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", "[]").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", "{").status, 400);
  EXPECT_EQ(message(ask("POST", "/api/v1/runs/hello/1/cancel", R"({"raeson":"x"})")),
            "the field `raeson` is not known");
  EXPECT_EQ(message(ask("POST", "/api/v1/runs/hello/1/cancel", R"({"reason":7})")), "`reason` is a string");
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", R"({"reason":"a\nb"})").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", std::string(100'000, '[')).status, 400);
}

TEST_F(ApiTest, RetriesOnlyWhatHasEnded) {
  begin_run();
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/retry").status, 409);
  finish_run();
  auto answer = ask("POST", "/api/v1/runs/hello/1/retry");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "{\"id\":\"hello/2\",\"repository\":\"hello\",\"number\":2}\n");
  const auto* asked = std::get_if<RunRequested>(&journal.rows.back().event);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->cause, "retry of hello/1 by ana (by the token)");
  EXPECT_EQ(asked->commit, commit_a);
}

TEST_F(ApiTest, RunsOnlyCommitsThatBelongToABranch) {
  begin_run();
  journal.add(RefMoved{"hello", "main", commit_a, commit_b, RefMoved::Kind::moved});
  auto answer = ask("POST", "/api/v1/runs", R"({"repository":"hello","branch":"main"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(std::get<RunRequested>(journal.rows.back().event).commit, commit_b);
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"hello","commit":"aaaaaaa"})").status, 201);
  EXPECT_EQ(std::get<RunRequested>(journal.rows.back().event).branch, "main");
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"hello","commit":"aaaaaaa","branch":"other"})").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"hello","commit":"ccccccc"})").status, 409);
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"hello","commit":"a"})").status, 409);
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"other","branch":"main"})").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/runs", R"({"repository":"hello"})").status, 400);
}

TEST_F(ApiTest, ApprovesOnlyWhatWaits) {
  begin_run();
  const std::string target = "/api/v1/runs/hello/1/stages/load/approval";
  EXPECT_EQ(ask("POST", target, R"({"granted":true})").status, 409);
  journal.add(ApprovalAwaited{run, "load", "really?"});
  EXPECT_EQ(ask("POST", target, "{}").status, 400);
  EXPECT_EQ(ask("POST", target, R"({"granted":"yes"})").status, 400);
  EXPECT_EQ(ask("POST", target, R"({"granted":false,"reason":"not today"})").status, 202);
  const auto& given = std::get<ApprovalGiven>(journal.rows.back().event);
  EXPECT_FALSE(given.granted);
  EXPECT_EQ(given.by, "ana (by the token)");
  EXPECT_EQ(given.reason, "not today");
  EXPECT_EQ(ask("POST", target, R"({"granted":true})").status, 409);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/stages/nope/approval", R"({"granted":true})").status, 404);
}

TEST_F(ApiTest, PromotesByHandOnlyWithAReasonAndAnOverrideOfALoudGate) {
  begin_run();
  const std::string target = "/api/v1/runs/hello/1/promote";
  EXPECT_EQ(ask("POST", target, R"({"reason":"now"})").status, 409);
  finish_run();
  EXPECT_EQ(ask("POST", target, "{}").status, 400);
  EXPECT_EQ(ask("POST", target, R"({"reason":"  "})").status, 400);
  auto loud = ask("POST", target, R"({"reason":"we know this alert"})");
  EXPECT_EQ(loud.status, 409);
  EXPECT_EQ(message(loud), "the gate was loud: HighLatency fired for 12 s");
  EXPECT_EQ(ask("POST", target, R"({"reason":"we know this alert","override":true})").status, 202);
  const auto& asked = std::get<PromotionRequested>(journal.rows.back().event);
  EXPECT_TRUE(asked.override_gate);
  EXPECT_EQ(asked.reason, "we know this alert");
}

TEST_F(ApiTest, PromotesNothingTwice) {
  begin_run();
  journal.add(StageFinished{run, "load", 1, outcome_of(Outcome::passed, "ok")});
  journal.add(StageStarted{run, "production", 1});
  journal.add(CommitPromoted{run, "production", "production", {}, commit_a});
  journal.add(StageFinished{run, "production", 1, outcome_of(Outcome::passed, "promoted")});
  journal.add(RunFinished{run, Outcome::passed, ""});
  EXPECT_EQ(message(ask("POST", "/api/v1/runs/hello/1/promote", R"({"reason":"again"})")),
            "run hello/1 was promoted already");
}

TEST_F(ApiTest, PromotesNothingThatWasNotTested) {
  begin_run();
  journal.add(StageFinished{run, "load", 1, outcome_of(Outcome::failed, "p95 312 ms > 250 ms")});
  journal.add(StageSkipped{run, "production", "`load` failed", false});
  journal.add(RunFinished{run, Outcome::failed, "load: p95 312 ms > 250 ms"});
  EXPECT_EQ(message(ask("POST", "/api/v1/runs/hello/1/promote", R"({"reason":"please","override":true})")),
            "stage `production` of run hello/1 never ran: `load` failed");
}

TEST_F(ApiTest, SaysWhenTheJournalFails) {
  begin_run();
  journal.broken = true;
  EXPECT_EQ(get("/api/v1/runs").status, 503);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(ApiTest, IsReadyWhenTheServiceSaysSo) {
  EXPECT_EQ(get("/readyz").status, 200);
  not_ready = "still reading the configuration";
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "still reading the configuration\n");
}

TEST_F(ApiTest, CountsForPrometheus) {
  begin_run();
  finish_run();
  for (const auto& row : journal.rows) api->observe(row);
  const auto text = get("/metrics").body;
  for (const auto* line :
       {"quietgate_runs_finished_total{outcome=\"failed\"} 1\n",
        "quietgate_stages_finished_total{outcome=\"passed\"} 2\n", "quietgate_journal_last_sequence 10\n",
        "quietgate_runs_unfinished 0\n", "loadtest_active{repository=\"hello\"} 1\n",
        "loadtest_requests_failed_total{repository=\"hello\"} 3\n",
        "loadtest_requests_total{repository=\"hello\"} 70\n", "process_resident_memory_bytes "})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST_F(ApiTest, AnExpiredRunIsThereNoMore) {
  begin_run();
  finish_run();
  EXPECT_EQ(get("/api/v1/runs/hello/1").status, 200);
  ASSERT_TRUE(journal.append_now({RunExpired{RunId{"hello", 1}, "aaa", Outcome::failed, {{1, 9}}}}));
  EXPECT_EQ(get("/api/v1/runs/hello/1").status, 404);
  EXPECT_EQ(get("/api/v1/runs/hello/1").status, 404);
}

TEST_F(ApiTest, GivesRowsAsJson) {
  begin_run();
  auto json = Json::parse(get("/api/v1/runs/hello/1/events?after=4").body);
  ASSERT_EQ(json["events"].size(), 2u);
  EXPECT_EQ(json["events"][0]["type"], "StageFinished");
  EXPECT_EQ(json["events"][0]["event"]["stage"], "unit");
  EXPECT_EQ(json["more"], false);
}

// hello/1 promoted aaaaaaa where bbbbbbb was before.
void promote_run(FakeJournal& journal, const RunId& run) {
  journal.add(CommitPromoted{run, "production", "production", commit_b, commit_a});
}

TEST_F(ApiTest, ARollbackIsARunOfTheCommitThatWasThereBefore) {
  begin_run();
  finish_run();
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/rollback", R"({"reason":"x"})").status, 409) << "it promoted nothing";
  promote_run(journal, run);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/rollback", R"({"reason":" "})").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/rollback", R"({"reason":"x"})", "").status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/9/rollback", R"({"reason":"x"})").status, 404);
  auto answer = ask("POST", "/api/v1/runs/hello/1/rollback", R"({"reason":"it is slow"})");
  EXPECT_EQ(answer.status, 201) << answer.body;
  const auto& request = std::get<RunRequested>(journal.rows.back().event);
  EXPECT_EQ(request.run, (RunId{"hello", 2}));
  EXPECT_EQ(request.commit, commit_b);
  EXPECT_EQ(request.rollback, (Rollback{run, "production", commit_a, "ana (by the token)", "it is slow"}));
  journal.add(RunFinished{{"hello", 2}, Outcome::error, "the remote is away"});
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/2/rollback", R"({"reason":"x"})").status, 409);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/2/retry").status, 201);
  EXPECT_EQ(std::get<RunRequested>(journal.rows.back().event).rollback.of, run) << "a retry of it is a rollback, too";
}

TEST_F(ApiTest, ARollbackEndsTheRunThatStillReleases) {
  begin_run();
  promote_run(journal, run);
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/rollback", R"({"reason":"loud"})").status, 201);
  const auto& cancel = std::get<CancelRequested>(journal.rows[journal.rows.size() - 2].event);
  EXPECT_EQ(cancel.cause, "rolled back by ana (by the token): loud");
}

TEST_F(ApiTest, AnswersTheEvidenceOfARun) {
  begin_run();
  EXPECT_EQ(get("/api/v1/runs/hello/1/evidence").body, "{\"evidence\":[]}\n");
  journal.add(EvidenceSealed{run, "production", commit_a, "{\"payload\":\"e30=\"}"});
  auto sealed = Json::parse(get("/api/v1/runs/hello/1/evidence").body)["evidence"];
  ASSERT_EQ(sealed.size(), 1u);
  EXPECT_EQ(sealed[0]["envelope"], "{\"payload\":\"e30=\"}");
  EXPECT_TRUE(sealed[0]["attached_at"].is_null());
  journal.add(EvidencePublished{run, "production", commit_a});
  EXPECT_FALSE(Json::parse(get("/api/v1/runs/hello/1/evidence").body)["evidence"][0]["attached_at"].is_null());
  EXPECT_EQ(get("/api/v1/runs/hello/9/evidence").status, 404);
  EXPECT_EQ(get("/api/v1/evidence-key").status, 200);
  EXPECT_EQ(get("/api/v1/evidence-key").body, "a public key");
}

TEST_F(ApiTest, CountsAWatchdogThatFires) {
  const auto send = [&](const std::string& name, const std::string& body) {
    return ask("POST", "/api/v1/watchdogs/" + name, body);
  };
  const std::string firing = R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"GateWatchdog"}}]})";
  EXPECT_EQ(send("staging", R"({"alerts":[{"status":"resolved","labels":{"alertname":"GateWatchdog"}}]})").status, 200);
  EXPECT_EQ(send("staging", R"({"alerts":[{"status":"firing","labels":{"alertname":"Other"}},7,{"status":1}]})").status,
            200);
  EXPECT_FALSE(deliveries.last("staging")) << "only a watchdog that fires counts";
  EXPECT_EQ(send("staging", firing).status, 200);
  EXPECT_TRUE(deliveries.last("staging"));
  EXPECT_EQ(send("a/b", firing).status, 404);
  EXPECT_EQ(send("staging", "no json").status, 400);
  EXPECT_EQ(send("staging", "{}").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/watchdogs/staging", firing, "").status, 401);
}

TEST_F(ApiTest, ShowsASyntheticFaultWhileItIsUp) {
  EXPECT_EQ(get("/metrics").body.find("gate_synthetic_fault"), std::string::npos);
  faults.raise({"hello", 7});
  EXPECT_NE(get("/metrics").body.find("gate_synthetic_fault{repository=\"hello\",run=\"7\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace quietgate
