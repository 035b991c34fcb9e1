#include "runner/model/evidence.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

using nlohmann::json;

const CommitId old_commit(40, '0');
const CommitId commit(40, 'a');
const RunId run{"hello", 7};

Time at(int seconds) {
  return Time{Milliseconds{1'767'225'600'000 + 1000 * seconds}};
}

RunState state() {
  RunState all;
  Plan plan;
  plan.run = run;
  plan.name = "hello-flask";
  plan.hash = "f00d";
  StageSpec unit;
  unit.name = "unit";
  unit.body = TestSpec{};
  StageSpec load;
  load.name = "load";
  load.body = LoadSpec{};
  StageSpec later;
  later.name = "later";
  later.body = TestSpec{};
  StageSpec production;
  production.name = "production";
  production.body = PromoteSpec{"production", GateSpec{}, Approval::none, {}};
  plan.stages = {unit, load, production, later};
  fold(all, RunRequested{run, "main", commit, "main moved to aaaaaaa", {}}, at(0));
  fold(all, PlanCompiled{run, plan}, at(1));
  StageOutcome passed;
  passed.outcome = Outcome::passed;
  passed.reason = "12 tests passed";
  passed.tests = TestCounts{12, 0, 1};
  fold(all, StageStarted{run, "unit", 1}, at(2));
  fold(all, StageFinished{run, "unit", 1, passed}, at(3));
  StageOutcome loaded;
  loaded.outcome = Outcome::passed;
  loaded.checks = {{"p95", "<= 250ms", "112 ms", Outcome::passed, "p95 112 ms <= 250 ms"}};
  loaded.window = Window{at(4), at(9)};
  fold(all, StageStarted{run, "load", 1}, at(4));
  fold(all, StageFinished{run, "load", 1, loaded}, at(9));
  fold(all, StageStarted{run, "production", 1}, at(10));
  return all;
}

PromotionFacts facts() {
  PromotionFacts all;
  all.promoted = {run, "production", "production", old_commit, commit};
  all.at = at(12);
  all.intent = {run, "production", 1, "production", old_commit, commit, "ana", "it is \xff urgent", true};
  GateJudgement gate;
  gate.verdict = GateVerdict::blind;
  gate.sentence = "P7: a target was down";
  gate.proofs = {{"P7", "targets up", GateVerdict::blind, "down", "the exporter is broken, see OPS-12"}};
  gate.window = {at(4), at(9)};
  gate.rules = std::string(64, 'c');
  all.gate = gate;
  all.prometheus = "http://127.0.0.1:9090";
  all.measurements["load"] = {123, std::string(64, 'd')};
  all.measurements["unit"] = {99'000'000, {}};
  return all;
}

TEST(Evidence, SaysWhatWasMovedAndWhyThatWasAllowed) {
  const auto statement = json::parse(promotion_statement(state(), facts()));
  EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement["predicateType"], "urn:quietgate:promotion:v1");
  EXPECT_EQ(statement["subject"], json::parse(R"([{"name":"git:hello","digest":{"gitCommit":")" + commit + R"("}}])"));
  const auto& predicate = statement["predicate"];
  EXPECT_EQ(predicate["plan"], json::parse(R"({"name":"hello-flask","sha256":"f00d"})"));
  EXPECT_EQ(predicate["promotion"]["from"], old_commit);
  EXPECT_EQ(predicate["promotion"]["by"], "ana");
  EXPECT_EQ(predicate["promotion"]["overrode_gate"], true);
  EXPECT_EQ(predicate["promotion"]["at"], "2026-01-01T00:00:12.000Z");
  EXPECT_FALSE(predicate["promotion"].contains("rollback"));
  EXPECT_EQ(predicate["gate"]["verdict"], "blind");
  EXPECT_EQ(predicate["gate"]["rules_sha256"], std::string(64, 'c'));
  EXPECT_EQ(predicate["gate"]["proofs"][0]["id"], "P7");
  EXPECT_EQ(predicate["waivers"], json::parse(R"({"P7":"the exporter is broken, see OPS-12"})"));
  ASSERT_EQ(predicate["stages"].size(), 4U);
  EXPECT_EQ(predicate["stages"][0]["tests"]["passed"], 12);
  EXPECT_TRUE(predicate["stages"][0]["measurements"]["sha256"].is_null()) << "too large to be hashed";
  EXPECT_EQ(predicate["stages"][1]["checks"][0]["sentence"], "p95 112 ms <= 250 ms");
  EXPECT_EQ(predicate["stages"][1]["measurements"]["sha256"], std::string(64, 'd'));
  EXPECT_EQ(predicate["stages"][2]["outcome"], "passed");
  EXPECT_EQ(predicate["stages"][3]["outcome"], "waiting");
}

TEST(Evidence, SaysWhatWasKeptAndGiven) {
  auto built = state();
  built.stages.at("unit").outcome.artifacts = ArtifactsKept{2, 10, std::string(64, 'e')};
  built.stages.at("load").outcome.given["unit"] = ArtifactsKept{2, 10, std::string(64, 'e')};
  const auto statement = json::parse(promotion_statement(built, facts()));
  const auto kept = json::parse(R"({"files":2,"bytes":10,"sha256":")" + std::string(64, 'e') + R"("})");
  EXPECT_EQ(statement["predicate"]["stages"][0]["artifacts"], kept);
  EXPECT_EQ(statement["predicate"]["stages"][1]["given"]["unit"], kept);
  EXPECT_FALSE(statement["predicate"]["stages"][1].contains("artifacts"));
}

TEST(Evidence, AnOverrideSaysWhoseWordCountedAgainstWhat) {
  auto overridden = facts();
  overridden.judged = at(11);
  overridden.asked = PromotionRequested{run, "ana", "it is urgent", true};
  overridden.asked_at = at(3600);
  overridden.intent.reason = "it is urgent";
  const auto predicate = json::parse(promotion_statement(state(), overridden))["predicate"];
  EXPECT_EQ(predicate["override"].dump(),
            R"({"at":"2026-01-01T01:00:00.000Z","by":"ana","judged_at":"2026-01-01T00:00:11.000Z",)"
            R"("reason":"it is urgent","sentence":"P7: a target was down","verdict":"blind"})");
  EXPECT_EQ(predicate["gate"]["judged_at"], "2026-01-01T00:00:11.000Z");
  EXPECT_EQ(predicate["gate"]["sentence"], "P7: a target was down") << "as it was";
  overridden.intent.overrode = false;
  EXPECT_FALSE(json::parse(promotion_statement(state(), overridden))["predicate"].contains("override"));
}

TEST(Evidence, TheSameFactsGiveTheSameBytes) {
  EXPECT_EQ(promotion_statement(state(), facts()), promotion_statement(state(), facts()));
}

TEST(Evidence, ARollbackSaysOfWhat) {
  auto back = state();
  back.rollback = {{"hello", 6}, "production", old_commit, "", "loud"};
  auto without = facts();
  without.gate.reset();
  const auto statement = json::parse(promotion_statement(back, without));
  EXPECT_EQ(statement["predicate"]["promotion"]["rollback"]["of"], "hello/6");
  EXPECT_TRUE(statement["predicate"]["gate"].is_null());
}

}  // namespace
}  // namespace quietgate
