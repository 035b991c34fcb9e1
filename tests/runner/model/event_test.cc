#include "runner/model/event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

const RunId run{"hello", 3};

std::vector<Event> one_of_each() {
  StageOutcome outcome;
  outcome.outcome = Outcome::failed;
  outcome.reason = "p95 312 ms > 250 ms";
  outcome.outputs = {{"url", "http://127.0.0.1:1"}};
  outcome.checks = {{"p95", "<= 250ms", "312 ms", Outcome::failed, "p95 312 ms > 250 ms over 45 s (4,512 requests)"}};
  outcome.window = Window{Time{Milliseconds{5}}, Time{Milliseconds{9}}};
  outcome.gate =
      GateJudgement{GateVerdict::blind, "blind: no rule", {{"P3", "loaded", GateVerdict::blind, "none"}}, {}};
  outcome.checks.push_back({"generator", "< 0.9 cores", "0.95 cores", Outcome::passed, "WARNING: busy", true});
  outcome.tests = TestCounts{3, 1, 0};
  outcome.overtaken_by = "ccc";
  Plan plan;
  plan.run = run;
  StageSpec load;
  load.name = "load";
  LoadSpec body;
  body.expect["p95"] = Bound{Bound::Relation::less_equal, 250, "<= 250ms"};
  body.autoscaling = AutoscalingSpec{"http://p", "sum(x)", {}};
  body.autoscaling->expect.reach = 3;
  load.body = body;
  StageSpec apply;
  apply.name = "staging";
  apply.body = ApplySpec{{"app"}, TerraformSpec{"infra", {{"a", "b"}}}, {}, Milliseconds{5}, true};
  plan.stages = {load, apply};
  return {RefMoved{"hello", "main", "", "abc", RefMoved::Kind::created},
          RunRequested{run, "main", "abc", "main was created"},
          RunSkipped{"hello", "main", "abc", "no path"},
          PlanCompiled{run, plan},
          PlanRejected{run, "x:1:2: error", Outcome::failed},
          StageStarted{run, "load", 2, "boot", "nonce", "bubblewrap"},
          StageFinished{run, "load", 2, outcome},
          StageSkipped{run, "load", "why", true},
          EnvironmentPlanned{
              "hello-3-staging", run, "staging", "terraform", false, Time{Milliseconds{77}}, {{"app", 8080}}},
          EnvironmentReady{"hello-3-staging", run},
          EnvironmentDestroyed{"hello-3-staging", run, "its run has ended"},
          EnvironmentNotDestroyed{"hello-3-staging", run, "locked", 2},
          ApprovalAwaited{run, "production", "please look", Time{Milliseconds{99}}},
          ApprovalGiven{run, "production", "ana", "looks good", true},
          GateJudged{run, "production", 1, *outcome.gate},
          PromotionIntended{run, "production", 1, "production", "aaa", "bbb", "ana", "fine", true},
          CommitPromoted{run, "production", "production", "aaa", "bbb"},
          PromotionRefused{run, "production", "production", "moved"},
          CancelRequested{run, "ana", "cancelled by ana", {"hello", 4}},
          PromotionRequested{run, "ana", "looked", true},
          RunFinished{run, Outcome::failed, "load: p95"},
          ServiceStarted{"0.1.0"},
          ServiceStopped{"SIGTERM"},
          RepositoryWatched{"hello", "http://127.0.0.1/hello.git"},
          EnvironmentDestroyRequested{"hello-release", run, "ana"},
          RowsLost{{4, 6}, "a page can't be read", {run}},
          RunExpired{run, "aaa", Outcome::passed, {{1, 3}, {5, 5}}},
          EvidenceSealed{run, "production", "bbb", "{\"payload\":\"e30=\"}"},
          EvidencePublished{run, "production", "bbb"},
          EnvironmentExtended{"hello-3-staging", run, Time{Milliseconds{88}}},
          RunInterrupted{run}};
}

TEST(Events, EveryEventComesBackFromItsJson) {
  auto events = one_of_each();
  ASSERT_EQ(events.size(), std::variant_size_v<Event>) << "a new event needs a place in one_of_each()";
  for (const auto& event : events) {
    const auto json = to_json(event);
    auto back = event_from_json(type_of(event), json);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->index(), event.index());
    EXPECT_EQ(to_json(*back), json) << type_of(event);
  }
}

// Keys in order, no white space: hashes are taken over it, and older versions wrote it so.
TEST(Events, JsonIsCanonical) {
  for (const auto& event : one_of_each()) {
    const auto json = to_json(event);
    EXPECT_EQ(nlohmann::json::parse(json).dump(), json);
  }
}

TEST(Events, CopiesShareTheirPlan) {
  const auto event = one_of_each()[3];
  const auto copy = event;
  EXPECT_EQ(&*std::get<PlanCompiled>(copy).plan, &*std::get<PlanCompiled>(event).plan);
}

TEST(Events, KnowTheirRunAndRepository) {
  for (const auto& event : one_of_each()) {
    const std::string type = type_of(event);
    const bool of_service = type == "ServiceStarted" || type == "ServiceStopped" || type == "RowsLost";
    EXPECT_EQ(repository_of(event), of_service ? "" : "hello") << type;
  }
}

TEST(Events, AMissingFieldIsNamed) {
  auto event = event_from_json("StageStarted", R"({"run":{"repository":"a","number":1},"attempt":1})");
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().message.find("`stage` is missing"), std::string::npos) << event.error().message;
}

TEST(Events, AWrongTypeAnUnknownEventAndGarbageAreErrors) {
  EXPECT_FALSE(event_from_json("StageStarted", R"({"run":{"repository":"a","number":1},"stage":5,"attempt":1})"));
  EXPECT_FALSE(event_from_json("SomethingElse", "{}"));
  EXPECT_FALSE(event_from_json("StageStarted", "{"));
  EXPECT_FALSE(event_from_json("StageStarted", "[]"));
}

TEST(Events, AFieldOfANewerVersionIsIgnored) {
  EXPECT_TRUE(event_from_json("ServiceStarted", R"({"version":"9","colour":"green"})"));
}

TEST(Events, BytesThatAreNotUtf8DoNotBreakARow) {
  EXPECT_TRUE(event_from_json("CancelRequested", to_json(Event{CancelRequested{run, "ana", "\xff\xfe"}})));
}

TEST(Events, RowsOfBeforeSayWhatTheySaidThen) {
  StageOutcome outcome;
  outcome.outcome = Outcome::failed;
  outcome.checks = {{"generator", "", "", Outcome::passed, "WARNING: busy"}};
  outcome.outputs = {{"overtaken_by", "ccc"}};
  const auto json = to_json(Event{StageFinished{run, "production", 1, outcome}});
  EXPECT_EQ(json.find("warns"), std::string::npos) << json;
  auto back = event_from_json("StageFinished", json);
  ASSERT_TRUE(back) << back.error().message;
  const auto& finished = std::get<StageFinished>(*back).outcome;
  EXPECT_FALSE(finished.checks[0].warns);
  EXPECT_EQ(finished.overtaken_by, "ccc");
  outcome.outcome = Outcome::passed;
  back = event_from_json("StageFinished", to_json(Event{StageFinished{run, "production", 1, outcome}}));
  EXPECT_EQ(std::get<StageFinished>(back.value()).outcome.overtaken_by, std::nullopt) << "an output of the pipeline";
}

TEST(Plans, ComeBackFromTheirJson) {
  auto plan = *std::get<PlanCompiled>(one_of_each()[3]).plan;
  auto back = plan_from_json(to_json(plan));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, plan);
}

TEST(Words, RunIds) {
  EXPECT_EQ(parse_run_id("hello/12"), (RunId{"hello", 12}));
  EXPECT_EQ(parse_run_id("hello/0").repository, "");
  EXPECT_EQ(parse_run_id("hello").repository, "");
  EXPECT_EQ(parse_run_id("hello/1x").repository, "");
  EXPECT_EQ(to_string(RunId{"a", 2}), "a/2");
}

TEST(Words, Statuses) {
  for (const auto each : {RunStatus::requested, RunStatus::running, RunStatus::finished}) {
    RunStatus read = each == RunStatus::running ? RunStatus::finished : RunStatus::running;
    EXPECT_TRUE(parse_run_status(to_string(each), read));
    EXPECT_EQ(read, each);
  }
  for (const auto each : {EnvironmentStatus::planned, EnvironmentStatus::ready, EnvironmentStatus::failing,
                          EnvironmentStatus::destroyed}) {
    EnvironmentStatus read = each == EnvironmentStatus::ready ? EnvironmentStatus::planned : EnvironmentStatus::ready;
    EXPECT_TRUE(parse_environment_status(to_string(each), read));
    EXPECT_EQ(read, each);
  }
  RunStatus status = RunStatus::finished;
  EXPECT_FALSE(parse_run_status("Running", status));
  EXPECT_EQ(status, RunStatus::finished);
}

TEST(Words, Durations) {
  EXPECT_EQ(human_duration(Milliseconds{250}), "250ms");
  EXPECT_EQ(human_duration(Milliseconds{2100}), "2.1s");
  EXPECT_EQ(human_duration(Milliseconds{45'000}), "45s");
  EXPECT_EQ(human_duration(Milliseconds{60'000}), "1m");
  EXPECT_EQ(human_duration(Milliseconds{3'725'000}), "1h 2m");
  EXPECT_EQ(human_duration(Milliseconds{-1500}), "-1.5s");
  EXPECT_EQ(iso_time(Time{Milliseconds{1'770'091'445'789}}), "2026-02-03T04:04:05.789Z");
}

}  // namespace
}  // namespace quietgate
