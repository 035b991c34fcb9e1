// Ways to make a gate believe that rules were awake when they could not have been heard: none may end quiet.
#include <gmock/gmock.h>

#include <functional>

#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"
#include "tests/support/gate_evidence.h"
#include "tests/support/gate_prometheus.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

void expect_blind(const GateEvidence& evidence, const std::string& id, const std::string& words) {
  auto judgement = judge_gate({}, evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << words;
  EXPECT_THAT(proof_of(judgement, id).detail, HasSubstr(words));
  EXPECT_NE(advice_of(judgement), "");
}

// A second group whose rules are as good as the first one's.
GateEvidence with_two_groups() {
  auto evidence = good_evidence();
  for (std::size_t i = 0; i < 3; ++i) {
    auto rule = evidence.rules[i];
    auto loaded = evidence.loaded->at(i);
    rule.group = loaded.group = "h";
    if (rule.alerting) rule.name = loaded.name = rule.name + "Too";
    if (!rule.alerting) rule.labels["gate_group"] = loaded.labels["gate_group"] = "h";
    evidence.rules.push_back(rule);
    evidence.loaded->push_back(loaded);
  }
  evidence.heartbeats->push_back(steady({{"gate_group", "h"}}, 1));
  return evidence;
}

TEST(FooledGate, GroupsOfOneNameWouldProveEachOther) {
  ASSERT_EQ(judge_gate({}, with_two_groups()).verdict, GateVerdict::quiet);
  auto evidence = with_two_groups();
  for (auto& rule : evidence.rules) rule.group = "g";
  for (auto& rule : *evidence.loaded) rule.group = "g";
  for (std::size_t i = 3; i < 6; ++i) evidence.rules[i].file = "b.rules.yml";
  for (std::size_t i = 3; i < 6; ++i) evidence.loaded->at(i).file = "/etc/b.rules.yml";
  expect_blind(evidence, "P3", "two rule groups are called g (in a.rules.yml and b.rules.yml)");
  auto split = good_evidence();
  split.loaded->at(0).file = "/etc/b.rules.yml";
  expect_blind(split, "P3", "two rule groups of Prometheus are called g (in /etc/b.rules.yml and /etc/a.rules.yml)");
}

TEST(FooledGate, OneHeartbeatDoesNotBeatForTwoGroups) {
  auto evidence = with_two_groups();
  evidence.rules[5].labels["gate_group"] = "g";
  evidence.loaded->at(5).labels["gate_group"] = "g";
  expect_blind(evidence, "P5", "groups g and h have the same heartbeat, gate_group \"g\"");
}

TEST(FooledGate, AHeartbeatThatIsNotTheLastRuleProvesNothing) {
  auto evidence = good_evidence();
  std::swap(evidence.loaded->at(0), evidence.loaded->at(2));
  expect_blind(evidence, "P3", "Prometheus has the rules of group g in another order");
}

TEST(FooledGate, ARecordedSeriesIsAskedWithTheLabelsOfTheAlert) {
  auto evidence = good_evidence();
  auto record = expected_rule("app:errors", "sum by (job) (errors)", 0, "none");
  record.alerting = false;
  record.labels.clear();
  evidence.rules.insert(evidence.rules.begin(), record);
  evidence.loaded->insert(evidence.loaded->begin(), loaded_rule(record));
  evidence.rules[1].query = evidence.loaded->at(1).query = "app:errors{jbo=\"a\"} > 5";
  for (const auto* query : {"sum by (job) (errors)", "app:errors{jbo=\"a\"} > 5"})
    evidence.canonical.emplace(query, query);
  evidence.inputs["app:errors"].counts = std::vector<Series>{steady({}, 1, 1, 0, 50)};
  evidence.inputs["app:errors{jbo=\"a\"}"].counts = std::vector<Series>{};
  evidence.inputs["app:errors{jbo!=\"\"}"].counts = std::vector<Series>{};
  expect_blind(evidence, "P6", "HighErrors asks for app:errors{jbo=\"a\"}, which had no fresh sample in the window");
  evidence.inputs["app:errors{jbo!=\"\"}"].counts = std::vector<Series>{steady({}, 1, 1, 0, 50)};
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet) << "other series have the label";
  evidence.inputs["app:errors{jbo!=\"\"}"].counts = std::vector<Series>{};
  evidence.inputs["app:errors"].counts = std::vector<Series>{};
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet) << "nothing to record, and its inputs were there";
}

TEST(FooledGate, AnAlertThatAsksForNothingCanNotFire) {
  auto evidence = good_evidence();
  evidence.rules[0].query = evidence.loaded->at(0).query = "vector(1) > 2";
  evidence.canonical.emplace("vector(1) > 2", "vector(1) > 2");
  expect_blind(evidence, "P6", "HighErrors asks for no series: nothing that happens makes it fire");
  evidence.rules[0].query = evidence.loaded->at(0).query = "absent(up)";
  evidence.canonical.emplace("absent(up)", "absent(up)");
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet);
}

TEST(FooledGate, AnAlertThatLooksAtThePastDoesNotSeeTheWindow) {
  auto evidence = good_evidence();
  evidence.rules[0].query = evidence.loaded->at(0).query = "rate(errors[1m] offset 10m) > 5";
  evidence.canonical.emplace("rate(errors[1m] offset 10m) > 5", "same");
  evidence.inputs["errors offset 10m"] = evidence.inputs.at("errors");
  expect_blind(evidence, "P8", "HighErrors could not have fired: it needs 10m 6s");
  evidence.rules[0].query = evidence.loaded->at(0).query = "errors @ 1000 > 5";
  evidence.canonical.emplace("errors @ 1000 > 5", "same");
  evidence.inputs["errors @ 1000"] = evidence.inputs.at("errors");
  expect_blind(evidence, "P8", "HighErrors could not have fired: it looks at one fixed moment");
  evidence.rules[0].query = evidence.loaded->at(0).query = "errors > 2 * errors offset 10m";
  evidence.canonical.emplace("errors > 2 * errors offset 10m", "same");
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet) << "compares with the past";
  evidence.inputs["errors offset 10m"].counts = std::vector<Series>{};
  expect_blind(evidence, "P6", "HighErrors asks for errors offset 10m, which had no fresh sample in the window");
}

TEST(FooledGate, ALabelThatChangesWithTheValueStartsTheAlertAnew) {
  auto evidence = good_evidence();
  for (const auto* text : {"{{ $value }}", "{{ .Value }}", "{{ $value | humanize }}"}) {
    evidence.rules[0].labels["now"] = evidence.loaded->at(0).labels["now"] = text;
    expect_blind(evidence, "P8",
                 "HighErrors can't fire: its label `now` holds the value, so each evaluation restarts its `for`");
  }
  evidence.rules[0].duration = evidence.loaded->at(0).duration = 0;
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet) << "without `for` it fires at once";
}

TEST(FooledGate, PendingAllTheTimeUnderChangingLabelsIsNoNearMiss) {
  auto evidence = good_evidence();
  for (int i = 0; i < 12; ++i) {
    Labels labels{{"alertname", "HighErrors"}, {"alertstate", "pending"}, {"pod", std::to_string(i)}};
    evidence.alerts->push_back(steady(labels, 1, 1, 10 + i, 10 + i));
  }
  expect_blind(evidence, "P8",
               "HighErrors was pending for 11s without a break, under 12 sets of labels: none of them lasted for its "
               "`for` of 3s");
  evidence.alerts->resize(4);
  EXPECT_EQ(judge_gate({}, evidence).verdict, GateVerdict::quiet);
}

struct World {
  StageBench bench;
  GatePrometheus prometheus{bench.clock};
  GateSpec spec{"http://p:9090", {"*.yml"}, {"load"}, Milliseconds{5000}, {}};

  World() { bench.write("checkout/a.yml", GatePrometheus::rules_file); }
  GateJudgement judge() {
    auto request = bench.request(PromoteSpec{});
    request.finished["load"].window = Window{bench.clock.now(), bench.clock.now() + Milliseconds{20'000}};
    Gate gate(prometheus, bench.clock);
    return bench.await(gate.judge(spec, request));
  }
};

TEST(FooledGate, WhatWasSeenFiringIsLoudThoughNoSampleTellsOfIt) {
  World world;
  const auto begin = world.bench.clock.now();
  // One answer of many, as from another replica.
  bool told = false;
  world.prometheus.before_rules = [&] {
    const bool tell = !told && world.bench.clock.now() - begin > Milliseconds{10'000};
    told = told || tell;
    world.prometheus.alerts =
        tell ? R"({"labels":{},"state":"firing","activeAt":"2026-01-01T00:00:09Z","value":"7"})" : "";
  };
  auto judgement = world.judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << world.bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("HighErrors fired, active since 00:00:09Z, value 7"));
}

TEST(FooledGate, TwoServersBehindOneAddressAreNotOneWitness) {
  World world;
  int asked = 0;
  world.prometheus.instead["/api/v1/status/runtimeinfo"] = [&] {
    const auto* start = ++asked % 5 == 2 ? "2025-12-31T22:00:00Z" : "2025-12-31T23:00:00Z";
    return GatePrometheus::body(200,
                                fmt::format(R"({{"status":"success","data":{{"startTime":"{0}","lastConfigTime":"{0}",)"
                                            R"("reloadConfigSuccess":true}}}})",
                                            start));
  };
  auto judgement = world.judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::blind);
  EXPECT_THAT(proof_of(judgement, "P1").detail, HasSubstr("more than one Prometheus answers at this address"));
}

}  // namespace
}  // namespace quietgate
