#include "stages/gate/rule_watch.h"

#include <gmock/gmock.h>

#include "stages/gate/judgement.h"
#include "stages/gate/proofs_evaluation.h"
#include "tests/support/gate_evidence.h"
#include "tests/support/gate_prometheus.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

LoadedRule rule_at(const char* name, double at, const char* health = "ok") {
  LoadedRule rule;
  rule.group = "g";
  rule.file = "/r.yml";
  rule.name = name;
  rule.health = health;
  rule.last_evaluation = at;
  return rule;
}

TEST(GroupEvaluations, TellTheRuleThatWasEvaluatedLongestAgo) {
  GroupEvaluations seen;
  EXPECT_TRUE(add_evaluations({rule_at("A", 10.2), rule_at("B", 9.1)}, seen));
  EXPECT_FALSE(add_evaluations({rule_at("A", 11.2), rule_at("B", 9.1)}, seen)) << "in the middle of an evaluation";
  EXPECT_TRUE(add_evaluations({rule_at("A", 11.2), rule_at("B", 11.3, "err")}, seen));
  EXPECT_FALSE(add_evaluations({rule_at("A", 8.2), rule_at("B", 8.3)}, seen)) << "a clock that went back";
  EXPECT_FALSE(add_evaluations({rule_at("A", 0), rule_at("B", 0)}, seen)) << "never evaluated";
  EXPECT_THAT(seen["/r.yml;g"].evaluated, ElementsAre(9.1, 11.2));
  EXPECT_THAT(seen["/r.yml;g"].unhealthy, ElementsAre(std::pair<const double, std::string>(11.2, "B: health err")));
}

// Without heartbeat, on a server that does not scrape itself.
GateEvidence unprepared(double from = -1, double to = 52) {
  auto evidence = good_evidence();
  evidence.rules.pop_back();
  evidence.loaded->pop_back();
  evidence.heartbeats->clear();
  auto& seen = evidence.evaluations["/etc/a.rules.yml;g"].evaluated;
  for (double at = from; at <= to; at += 1) seen.push_back(evidence_begin + at);
  return evidence;
}

TEST(GroupEvaluations, ProveEvaluationWhereNothingElseDoes) {
  auto judgement = judge_gate({}, unprepared());
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << said_by(judgement);
  EXPECT_EQ(prove_evaluated(unprepared()).proof.detail, "1 group over 50s, 1 of them observed by reading the rules");
}

TEST(GroupEvaluations, ProveNothingWithAGapOrFromAnotherPlace) {
  auto words = [](const GateEvidence& evidence) {
    EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::blind);
    return prove_evaluated(evidence).proof.detail;
  };
  EXPECT_EQ(words(unprepared(1)), "group g was not watched over the whole window");
  EXPECT_EQ(words(unprepared(-1, 49)), "group g was not watched over the whole window");
  auto gap = unprepared();
  auto& seen = gap.evaluations.begin()->second.evaluated;
  seen.erase(seen.begin() + 20, seen.begin() + 22);
  EXPECT_EQ(words(gap), "no evaluation of group g was observed for 3s from 10:02:18Z (allowed 1.5s)");
  auto other = unprepared();
  other.evaluations = {{"/etc/b.rules.yml;g", other.evaluations.begin()->second}};
  EXPECT_THAT(words(other), HasSubstr("nothing proves that group g was evaluated throughout"));
  auto unasked = unprepared();
  unasked.iterations = infrastructure_error("http://p did not answer");
  EXPECT_EQ(words(unasked), "http://p did not answer");
}

TEST(GroupEvaluations, TheServersOwnMetricsCountMore) {
  auto evidence = unprepared();
  const std::string key = "/etc/a.rules.yml;g";
  evidence.iterations = std::vector<Series>{steady({{"rule_group", key}}, 7)};
  evidence.missed = std::vector<Series>{steady({{"rule_group", key}}, 0)};
  evidence.failures = std::vector<Series>{steady({{"rule_group", key}}, 0)};
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::blind) << "its counter stood still";
}

TEST(GroupEvaluations, AnEvaluationThatFailedForAWhileIsBlindWithAHeartbeatToo) {
  auto evidence = good_evidence();
  evidence.evaluations["/etc/a.rules.yml;g"].unhealthy[evidence_begin + 10] = "HighErrors: many-to-many";
  auto judgement = judge_gate({}, evidence);
  EXPECT_EQ(said_by(judgement),
            "blind: a rule of group g could not be evaluated at 10:02:10Z: HighErrors: many-to-many");
  evidence.evaluations["/etc/a.rules.yml;g"].unhealthy = {{evidence_begin - 10, "HighErrors: many-to-many"}};
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet) << "before the window";
}

// Takes a while, then ends or is stopped.
class Slow final : public StageKind {
 public:
  explicit Slow(Clock& clock) : clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override {
    co_await clock_.sleep(Milliseconds(5'000), *request.stop);
    StageOutcome outcome;
    outcome.reason = "slept";
    co_return outcome;
  }

 private:
  Clock& clock_;
};

struct WatchedWorld {
  StageBench bench;
  GatePrometheus prometheus{bench.clock};
  Slow slow{bench.clock};
  WatchedStage watched{slow, prometheus, bench.clock};
  WatchedWorld() {
    Plan plan;
    auto add = [&plan](const char* name, std::vector<std::string> needs, StageBody body) {
      StageSpec stage;
      stage.name = name;
      stage.needs = std::move(needs);
      stage.body = std::move(body);
      plan.stages.push_back(std::move(stage));
    };
    PromoteSpec promote{"production", GateSpec{}, Approval::none};
    promote.gate->prometheus = "${{ stages.staging.outputs.url }}";
    add("staging", {}, ApplySpec{});
    add("stage", {"staging"}, TestSpec{});
    add("beside", {"staging"}, TestSpec{});
    add("production", {"stage"}, promote);
    add("release", {"production"}, ApplySpec{});
    StageOutcome staging;
    staging.outcome = Outcome::passed;
    staging.outputs["url"] = "http://ana:secret@p:9090/";
    const RunId run{"sample", 7};
    bench.history = {{1, {}, RunRequested{run, "main", std::string(40, 'a'), "x"}},
                     {2, {}, PlanCompiled{run, plan}},
                     {3, {}, StageStarted{run, "staging", 1}},
                     {4, {}, StageFinished{run, "staging", 1, staging}}};
  }
  StageRequest request(const char* stage = "stage") { return bench.request(TestSpec{}, stage); }
};

TEST(WatchedStage, KnowsWhichServersAGateWillJudgeBy) {
  WatchedWorld world;
  EXPECT_THAT(servers_to_watch(world.request()).later, ElementsAre("http://ana:secret@p:9090/"));
  EXPECT_THAT(servers_to_watch(world.request("staging")).later, ElementsAre("http://ana:secret@p:9090/"));
  for (const auto* stage : {"beside", "release"})
    EXPECT_TRUE(servers_to_watch(world.request(stage)).later.empty()) << stage;
  PromoteSpec promote{"production", GateSpec{}, Approval::none};
  promote.gate->prometheus = "http://ana:secret@p:9090/";
  EXPECT_EQ(servers_to_watch(world.bench.request(promote)).own, std::nullopt) << "a later gate judges by it, too";
  world.bench.history.resize(3);
  EXPECT_TRUE(servers_to_watch(world.request()).later.empty()) << "its address is not known yet";
  promote.gate->prometheus = "http://q";
  EXPECT_EQ(servers_to_watch(world.bench.request(promote)).own, "http://q");
  EXPECT_TRUE(servers_to_watch(world.bench.request(promote)).later.empty());
}

TEST(WatchedStage, WritesEveryEvaluationAndEndsWithItsStage) {
  WatchedWorld world;
  EXPECT_EQ(world.bench.await(world.watched.run(world.request())).reason, "slept");
  auto seen = read_evaluations(world.bench.root + "/attempt", "http://p:9090");
  EXPECT_THAT(seen["/r.yml;g"].evaluated, SizeIs(testing::AnyOf(5, 6)));
  EXPECT_TRUE(read_evaluations(world.bench.root + "/attempt", "http://q:9090").empty());
  EXPECT_EQ(world.bench.read("attempt/rules-seen.ndjson").find("secret"), std::string::npos);
  const auto asked = world.prometheus.asked;
  EXPECT_EQ(world.bench.await(world.slow.run(world.request())).reason, "slept");
  EXPECT_EQ(world.prometheus.asked, asked) << "nobody watches any more";
  world.bench.write("attempt/rules-seen.ndjson", "nonsense\n{}\n[1]\n{\"server\":\"http://p:9090\",\"group\":7}\n");
  EXPECT_TRUE(read_evaluations(world.bench.root + "/attempt", "http://p:9090").empty());
}

TEST(WatchedStage, AServerThatAnswersNothingHarmsNothing) {
  WatchedWorld world;
  world.prometheus.instead["/api/v1/rules"] = [] {
    return Result<HttpResponse>(infrastructure_error("http://p:9090 refused the connection"));
  };
  EXPECT_EQ(world.bench.await(world.watched.run(world.request())).reason, "slept");
  EXPECT_EQ(world.bench.read("attempt/rules-seen.ndjson"), "");
}

TEST(WatchedStage, AStopIsPassedOn) {
  WatchedWorld world;
  world.bench.stop.request(StopReason::cancel, "cancelled by ana");
  EXPECT_THROW(world.bench.await(world.watched.run(world.request())), Stopped);
}

// Ends when there is an alarm, or after a while.
class Alarmed final : public StageKind {
 public:
  explicit Alarmed(Clock& clock) : clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override {
    for (int i = 0; i < 50 && request.alerts->fired().empty(); ++i)
      co_await clock_.sleep(Milliseconds(100), *request.stop);
    StageOutcome outcome;
    outcome.reason = request.alerts->fired();
    co_return outcome;
  }

 private:
  Clock& clock_;
};

struct AlarmedWorld {
  StageBench bench;
  GatePrometheus prometheus{bench.clock};
  Alarmed alarmed{bench.clock};
  WatchedStage watched{alarmed, prometheus, bench.clock};
  GateSpec gate{"http://p:9090", {"*.yml"}, {"load"}, {}, {}};
  int readings = 0;
  AlarmedWorld() {
    bench.write("checkout/a.yml", GatePrometheus::rules_file);
    // From the third reading on it fires.
    prometheus.before_rules = [this] {
      if (++readings != 3) return;
      prometheus.alerts = R"({"labels":{"alertname":"HighErrors"},"annotations":{},"state":"firing",)"
                          R"("activeAt":"2100-01-01T00:00:00Z","value":"9"})";
    };
  }
  std::string run(const StageBody& body) {
    Plan plan;
    for (const auto& [name, needs, what] :
         {std::tuple<std::string, std::vector<std::string>, StageBody>{"load", {}, body},
          {"production", {"load"}, PromoteSpec{"production", gate, Approval::none}}}) {
      StageSpec stage;
      stage.name = name;
      stage.needs = needs;
      stage.body = what;
      plan.stages.push_back(std::move(stage));
    }
    const RunId run{"sample", 7};
    bench.history = {{1, {}, RunRequested{run, "main", std::string(40, 'a'), "x"}},
                     {2, {}, PlanCompiled{run, plan}},
                     {3, {}, StageStarted{run, "load", 1}}};
    return bench.await(watched.run(bench.request(body, "load"))).reason;
  }
};

TEST(WatchedStage, AnAlertOfALaterGateIsAnAlarmForItsLoad) {
  EXPECT_EQ(AlarmedWorld().run(LoadSpec{}), "HighErrors fires, active since 00:00:00Z, value 9");
  EXPECT_EQ(AlarmedWorld().run(TestSpec{}), "") << "only loads are ended";
  AlarmedWorld goes_on;
  goes_on.gate.on_alert = OnAlert::go_on;
  EXPECT_EQ(goes_on.run(LoadSpec{}), "");
  AlarmedWorld about_another;
  about_another.gate.during = {"other"};
  EXPECT_EQ(about_another.run(LoadSpec{}), "");
  AlarmedWorld of_other_rules;
  of_other_rules.bench.write("checkout/a.yml", "groups: [{name: g, rules: [{alert: Other, expr: up}]}]\n");
  EXPECT_EQ(of_other_rules.run(LoadSpec{}), "");
}

std::vector<LoadedRule> alerting(const std::string& state, double since, const std::string& name = "A") {
  LoadedRule rule = rule_at(name.c_str(), 100);
  rule.alerting = true;
  if (!state.empty()) rule.alerts = {{{{"alertname", name}, {"path", "/"}}, state, since, 9}};
  return {rule};
}

TEST(Alarm, SoundsWhenAnAlertBeginsToFire) {
  Alarm alarm({"A"}, 100, false);
  EXPECT_FALSE(alarm.newly_firing(alerting("", 0)));
  EXPECT_FALSE(alarm.newly_firing(alerting("pending", 101)));
  EXPECT_EQ(alarm.newly_firing(alerting("firing", 101)).value_or(""),
            "A {path=\"/\"} fires, active since 00:01:41Z, value 9");
  EXPECT_FALSE(Alarm({"B"}, 100, false).newly_firing(alerting("firing", 101))) << "not one that decides";
}

TEST(Alarm, ADirtyStartIsLeftToTheGate) {
  Alarm alarm({"A"}, 100, false);
  EXPECT_FALSE(alarm.newly_firing(alerting("pending", 101))) << "already there at the first look";
  EXPECT_FALSE(alarm.newly_firing(alerting("firing", 101)));
  EXPECT_FALSE(alarm.newly_firing(alerting("", 0)));
  EXPECT_TRUE(alarm.newly_firing(alerting("firing", 105))) << "it had cleared";
  Alarm late({"A"}, 100, false);
  EXPECT_FALSE(late.newly_firing(alerting("", 0)));
  EXPECT_FALSE(late.newly_firing(alerting("firing", 99))) << "active before the attempt began";
}

TEST(Alarm, AFirstLookThatComesLateTrustsTheTimes) {
  Alarm alarm({"A"}, 50, false);
  EXPECT_TRUE(alarm.newly_firing(alerting("firing", 60))) << "the rules were evaluated at 100";
  EXPECT_FALSE(Alarm({"A"}, 50, false).newly_firing(alerting("firing", 40)));
}

TEST(Alarm, AfterARestartOfTheServiceItsBeginTells) {
  EXPECT_TRUE(Alarm({"A"}, 100, true).newly_firing(alerting("firing", 101)));
  EXPECT_FALSE(Alarm({"A"}, 100, true).newly_firing(alerting("firing", 99)));
}

}  // namespace
}  // namespace quietgate
