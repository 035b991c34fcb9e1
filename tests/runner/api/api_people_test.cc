// What the API tells of questions, overrides and rollbacks.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "runner/api/api.h"
#include "tests/support/fake_attempt_store.h"
#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"
#include "tests/support/slow_journal.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using Json = nlohmann::json;

class PeopleTest : public ::testing::Test {
 protected:
  PeopleTest() : journal(context.get_executor()) {
    ApiOptions options;
    options.token = "0123456789abcdef0123456789abcdef";
    options.repositories = {{"hello", "https://git.example.org/hello.git", ".quietgate.yaml"}};
    options.now = [this] { return journal.clock; };
    api.emplace(slow, slow_catalog, attempts, options);
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    ApiRequest request;
    request.method = method;
    request.target = target;
    request.host = "127.0.0.1:8330";
    request.body = body;
    request.authorization = "Bearer 0123456789abcdef0123456789abcdef";
    request.claimed_name = "ana";
    request.accept = "application/json";
    auto response = run_task(context, api->handle(request));
    return std::get<Answer>(response);
  }
  Json get(const std::string& target) { return Json::parse(ask("GET", target).body); }
  // hello/1 asks, until an hour from now.
  void question() {
    Plan plan;
    plan.run = run;
    StageSpec sign;
    sign.name = "sign";
    sign.body = ApproveSpec{"ship it?"};
    StageSpec production;
    production.name = "production";
    production.body = PromoteSpec{"production", GateSpec{}, Approval::manual};
    plan.stages = {sign, production};
    journal.add(RunRequested{run, "main", CommitId(40, 'a'), "main moved"});
    journal.add(PlanCompiled{run, plan});
    journal.add(StageStarted{run, "sign", 1});
    journal.add(ApprovalAwaited{run, "sign", "ship it?", journal.clock + Milliseconds{3'600'000}});
  }

  boost::asio::io_context context;
  FakeJournal journal;
  SlowJournal slow{journal, context.get_executor(), journal_ticks()};
  SlowCatalog slow_catalog{journal, context.get_executor(), journal_ticks()};
  FakeAttemptStore attempts;
  const RunId run{"hello", 1};
  std::optional<Api> api;
};

TEST_F(PeopleTest, AQuestionIsShownWhereverOneLooks) {
  question();
  const std::string reason = "waits for a person: ship it? (quietgate approve hello/1 sign)";
  EXPECT_EQ(get("/api/v1/runs")["runs"][0]["waiting"], "sign " + reason);
  const auto waiting = get("/api/v1/queue")["waiting"][0];
  EXPECT_EQ(waiting["for"], "person");
  EXPECT_EQ(waiting["reason"], reason);
  EXPECT_EQ(waiting["until"], "2026-02-02T03:40:00.000Z");
  const auto stage = get("/api/v1/runs/hello/1")["stages"][0];
  EXPECT_EQ(stage["waiting"]["reason"], reason);
  EXPECT_EQ(stage["approval"]["message"], "ship it?");
  EXPECT_EQ(stage["approval"]["expires_at"], "2026-02-02T03:40:00.000Z");
  journal.add(ApprovalGiven{run, "sign", "ana", "", true});
  EXPECT_TRUE(get("/api/v1/runs")["runs"][0]["waiting"].is_null());
  EXPECT_EQ(get("/api/v1/queue")["waiting"].size(), 0U);
}

TEST_F(PeopleTest, ALateAnswerIsRefusedAndToldWhatToDo) {
  question();
  journal.pass(Milliseconds{3'600'000});
  const std::string target = "/api/v1/runs/hello/1/stages/sign/approval";
  const auto late = ask("POST", target, R"({"granted":true})");
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(Json::parse(late.body)["error"]["message"],
            "nobody answered the question of stage `sign` in time: it expired at 2026-02-02T03:40:00.000Z");
  EXPECT_EQ(Json::parse(late.body)["error"]["advice"], "retry the run to be asked again: quietgate retry hello/1");
  StageOutcome nobody;
  nobody.outcome = Outcome::cancelled;
  journal.add(StageFinished{run, "sign", 1, nobody});
  EXPECT_EQ(Json::parse(ask("POST", target, R"({"granted":true})").body)["error"]["message"],
            Json::parse(late.body)["error"]["message"]);
}

TEST_F(PeopleTest, ARollbackIsToldFromARun) {
  journal.add(RunRequested{run, "main", CommitId(40, 'a'), "main moved"});
  RunRequested back{{"hello", 2}, "main", CommitId(40, 'b'), "rollback of hello/1 by ana", {}};
  back.rollback = {run, "production", CommitId(40, 'a'), "ana", "too slow"};
  journal.add(back);
  const auto runs = get("/api/v1/runs")["runs"];
  EXPECT_TRUE(runs[1]["rollback"].is_null());
  EXPECT_EQ(runs[0]["rollback"], (Json{{"of", "hello/1"},
                                       {"branch", "production"},
                                       {"from", CommitId(40, 'a')},
                                       {"to", CommitId(40, 'b')},
                                       {"by", "ana"},
                                       {"reason", "too slow"}}));
  EXPECT_EQ(get("/api/v1/runs/hello/2")["rollback"], runs[0]["rollback"]);
}

TEST_F(PeopleTest, AnOverrideStandsBesideWhatItOverrode) {
  question();
  journal.add(ApprovalGiven{run, "sign", "ana", "", true});
  StageOutcome passed;
  passed.outcome = Outcome::passed;
  journal.add(StageFinished{run, "sign", 1, passed});
  journal.add(StageStarted{run, "production", 1});
  GateJudgement loud;
  loud.verdict = GateVerdict::loud;
  loud.sentence = "HighErrors fired";
  journal.add(GateJudged{run, "production", 1, loud});
  StageOutcome refused;
  refused.outcome = Outcome::failed;
  refused.gate = loud;
  journal.add(StageFinished{run, "production", 1, refused});
  journal.add(RunFinished{run, Outcome::failed, "production: loud"});
  journal.pass(Milliseconds{60'000});
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/promote", R"({"reason":"wrong alert","override":true})").status, 202);
  journal.add(StageStarted{run, "production", 2});
  journal.add(PromotionIntended{run, "production", 2, "production", {}, CommitId(40, 'a'), "ana", "wrong alert", true});
  EXPECT_EQ(get("/api/v1/runs/hello/1")["stages"][1]["promotion"]["override"],
            (Json{{"by", "ana"},
                  {"reason", "wrong alert"},
                  {"at", "2026-02-02T02:41:00.000Z"},
                  {"verdict", "loud"},
                  {"sentence", "HighErrors fired"},
                  {"judged_at", "2026-02-02T02:40:00.000Z"}}));
}

// Somebody else answers between the look at the run and the append.
TEST_F(PeopleTest, OfTwoAnswersToOneQuestionTheFirstCounts) {
  question();
  slow.meanwhile = [this] { journal.add(ApprovalGiven{run, "sign", "ben", "", false}); };
  const auto late = ask("POST", "/api/v1/runs/hello/1/stages/sign/approval", R"({"granted":true})");
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(Json::parse(late.body)["error"]["message"], "stage `sign` does not wait for an approval: it is running");
  EXPECT_EQ(std::get<ApprovalGiven>(journal.rows.back().event).by, "ben") << "nothing was written after it";
}

TEST_F(PeopleTest, ARunThatMovesIsLookedAtAgain) {
  question();
  slow.meanwhile = [this] { journal.add(EnvironmentReady{"e", run}); };
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/cancel", "{}").status, 202);
  EXPECT_STREQ(type_of(journal.rows.back().event), "CancelRequested");
  slow.meanwhile = [this] { journal.add(RunFinished{run, Outcome::passed, ""}); };
  EXPECT_EQ(ask("POST", "/api/v1/runs/hello/1/stages/sign/approval", R"({"granted":true})").status, 409);
}

}  // namespace
}  // namespace quietgate
