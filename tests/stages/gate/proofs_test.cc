#include "stages/gate/proofs.h"

#include <gmock/gmock.h>

#include <functional>
#include <limits>

#include "tests/support/gate_evidence.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Flaw {
  const char* proof;
  std::function<void(GateEvidence&)> make;
  const char* words;
};

void expect_blind(const std::vector<Flaw>& flaws) {
  for (const auto& flaw : flaws) {
    auto evidence = good_evidence();
    flaw.make(evidence);
    auto judgement = judge_gate(layers(), evidence);
    EXPECT_EQ(judgement.verdict, GateVerdict::blind) << flaw.words;
    EXPECT_EQ(proof_of(judgement, flaw.proof).verdict, GateVerdict::blind) << flaw.proof << " " << flaw.words;
    EXPECT_THAT(proof_of(judgement, flaw.proof).detail, HasSubstr(flaw.words));
    EXPECT_THAT(said_by(judgement), HasSubstr("blind: "));
    EXPECT_NE(advice_of(judgement), "");
  }
}

const Error hung = infrastructure_error("http://p did not answer within 10s");

TEST(Proofs, AllHoldInGoodEvidence) {
  auto judgement = judge_gate(layers(), good_evidence());
  for (const auto& proof : judgement.proofs) EXPECT_EQ(proof.verdict, GateVerdict::quiet) << proof.id << proof.detail;
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet);
  EXPECT_EQ(said_by(judgement),
            "quiet: 3 rules in 1 group were evaluated without a gap over 50s and none was pending or firing");
  EXPECT_EQ(advice_of(judgement), "");
}

TEST(Proofs, NothingAskedProvesNothing) {
  GateEvidence nothing;
  nothing.end = 50;
  auto judgement = judge_gate(layers(), nothing);
  EXPECT_EQ(judgement.verdict, GateVerdict::blind);
  for (const auto& proof : judgement.proofs) {
    if (proof.id == "P6" || proof.id == "P8") continue;  // without a rule there is nothing to ask for
    EXPECT_EQ(proof.verdict, GateVerdict::blind) << proof.id;
  }
}

TEST(Proofs, TheServerMustBeTheSameThroughout) {
  expect_blind({
      {"P1", [](auto& e) { e.before.ready = hung; }, "did not answer"},
      {"P1", [](auto& e) { e.after.ready = false; }, "not ready"},
      {"P1", [](auto& e) { e.after.runtime = hung; }, "did not answer"},
      {"P1", [](auto& e) { e.after.runtime->start_time = evidence_begin + 5; }, "restarted at 10:02:05Z, while"},
      {"P1", [](auto& e) { e.before.runtime->start_time = e.after.runtime->start_time = evidence_begin + 5; },
       "restarted at 10:02:05Z, after the window began at 10:02:00Z"},
      {"P1", [](auto& e) { e.after.runtime->reload_config_success = false; }, "could not load its configuration"},
      {"P1",
       [](auto& e) { e.before.runtime->last_config_time = e.after.runtime->last_config_time = evidence_begin + 1; },
       "loaded its configuration at 10:02:01Z"},
      {"P2", [](auto& e) { e.clocks = hung; }, "did not answer"},
      {"P2", [](auto& e) { e.clocks->skew = -2.5; }, "2.5 s behind the runner's, more than 2.0 s"},
      {"P2", [](auto& e) { e.clocks->skew = std::numeric_limits<double>::quiet_NaN(); }, "clock of Prometheus"},
  });
  auto slow = good_evidence();
  slow.clocks->skew = 2.5;
  slow.clocks->round_trip = 1.1;
  EXPECT_EQ(prove_clocks(slow).proof.verdict, GateVerdict::quiet) << "half the round trip is allowed for";
}

TEST(Proofs, LoadedRulesMustBeTheCommits) {
  expect_blind({
      {"P3", [](auto& e) { e.loaded = hung; }, "did not answer"},
      {"P3", [](auto& e) { e.loaded->erase(e.loaded->begin()); }, "HighErrors of a.rules.yml (group g) is not loaded"},
      {"P3", [](auto& e) { e.loaded->push_back(e.loaded->front()); }, "HighErrors (group g) is loaded and is not in"},
      {"P3", [](auto& e) { e.loaded->at(0).duration = 30; }, "its `for` is 3s in the commit and 30s in Prometheus"},
      {"P3", [](auto& e) { e.loaded->at(0).query = "errors > 50"; }, "`errors > 5` in the commit and `errors > 50`"},
      {"P3", [](auto& e) { e.loaded->at(0).labels["x"] = "y"; }, "its labels differ"},
      {"P3", [](auto& e) { e.loaded->at(0).annotations["x"] = "y"; }, "its annotations differ"},
      {"P3", [](auto& e) { e.loaded->at(0).keep_firing_for = 1; }, "`keep_firing_for` differs"},
      {"P3", [](auto& e) { e.loaded->at(0).limit = 1; }, "`limit` differs"},
      {"P3", [](auto& e) { e.loaded->at(0).interval = 5; }, "group's interval is 1s in the commit and 5s"},
      {"P3", [](auto& e) { e.canonical.erase("errors > 5"); }, "HighErrors (a.rules.yml) can't be compared"},
      {"P3", [](auto& e) { e.canonical.at("errors > 5") = infrastructure_error("400: parse error"); }, "parse error"},
      {"P3", [](auto& e) { e.rules[1].name = e.loaded->at(1).name = "HighErrors"; }, "two alerting rules are called"},
      {"P3",
       [](auto& e) {
         for (auto& rule : e.rules) rule.labels["severity"] = "none";
       },
       "hold no alerting rule"},
  });
  auto formatted = good_evidence();
  formatted.loaded->at(0).query = "errors  >  5";
  formatted.canonical.emplace("errors  >  5", std::string("errors > 5"));
  formatted.rules[0].interval = 0;
  EXPECT_EQ(prove_loaded(formatted).proof.verdict, GateVerdict::quiet) << "the same once formatted";
}

TEST(Proofs, RulesMustBeHealthyAndFresh) {
  expect_blind({
      {"P4", [](auto& e) { e.loaded->at(0).health = "err", e.loaded->at(0).last_error = "many-to-many"; },
       "HighErrors can't be evaluated: many-to-many"},
      {"P4", [](auto& e) { e.loaded->at(0).health = "unknown"; }, "its health is unknown"},
      {"P4", [](auto& e) { e.loaded->at(0).last_evaluation = 0; }, "was never evaluated"},
      {"P4", [](auto& e) { e.loaded->at(0).last_evaluation = evidence_begin + 49; },
       "last evaluated at 10:02:49Z, before the window ended at 10:02:50Z"},
      {"P4", [](auto& e) { e.loaded->clear(); }, "no rule of the commit is loaded"},
  });
}

TEST(Proofs, HeartbeatsMustNotPause) {
  expect_blind({
      {"P5", [](auto& e) { e.heartbeats = hung; }, "did not answer"},
      {"P5", [](auto& e) { e.heartbeats->clear(); }, "no sample of gate:heartbeat"},
      {"P5", [](auto& e) { e.heartbeats->push_back(e.heartbeats->front()); }, "comes from 2 sources"},
      {"P5",
       [](auto& e) {
         e.heartbeats = std::vector<Series>{steady({{"gate_group", "g"}}, 1, 1, 1, 60)};
       },
       "does not reach over the window"},
      {"P5",
       [](auto& e) {
         e.heartbeats = std::vector<Series>{steady({{"gate_group", "g"}}, 1, 1, -5, 49)};
       },
       "does not reach over the window"},
      {"P5", [](auto& e) { e.heartbeats->front().samples.erase(e.heartbeats->front().samples.begin() + 20); },
       "group g was not evaluated for 2s from 10:02:09Z (allowed 1.5s)"},
      {"P5", [](auto& e) { e.rules[2].last = false; }, "nothing proves that group g was evaluated throughout"},
  });
  auto before = good_evidence();
  before.heartbeats->front().samples.erase(before.heartbeats->front().samples.begin() + 3);
  EXPECT_EQ(prove_evaluated(before).proof.verdict, GateVerdict::quiet) << "a gap before the window is none of ours";
}

TEST(Proofs, OwnMetricsMustShowSteadyEvaluation) {
  auto counted = [](GateEvidence& e) {
    e.rules[2].last = false;
    const Labels labels{{"rule_group", "/etc/a.rules.yml;g"}};
    auto rising = steady(labels, 0, 5, -10, 55);
    for (auto& sample : rising.samples) sample.value = sample.time - evidence_begin + 100;
    e.iterations = std::vector<Series>{rising};
    e.missed = std::vector<Series>{steady(labels, 2, 5, -10, 55)};
    e.failures = std::vector<Series>{steady(labels, 7, 5, -10, 55)};
  };
  auto good = good_evidence();
  counted(good);
  EXPECT_EQ(prove_evaluated(good).proof.verdict, GateVerdict::quiet) << prove_evaluated(good).proof.detail;
  auto with = [&](std::function<void(GateEvidence&)> flaw, const char* words) {
    return Flaw{"P5",
                [=](GateEvidence& e) {
                  counted(e);
                  flaw(e);
                },
                words};
  };
  expect_blind({
      with([](auto& e) { e.iterations = hung; }, "did not answer"),
      with([](auto& e) { e.missed->front().samples.at(5).value = 3; }, "missed an evaluation between 10:02:10Z and"),
      with([](auto& e) { e.failures->front().samples.at(5).value = 8; }, "failed to evaluate a rule"),
      with([](auto& e) { e.missed->clear(); }, "nothing proves"),
      with(
          [](auto& e) {
            e.iterations->front().samples.erase(e.iterations->front().samples.begin(),
                                                e.iterations->front().samples.begin() + 4);
          },
          "don't reach over"),
      with(
          [](auto& e) {
            for (auto& s : e.iterations->front().samples) s.value /= 2;
          },
          "was evaluated 25 times instead of"),
  });
  // With a heartbeat, what Prometheus says of failures still counts.
  expect_blind({{"P5",
                 [&](GateEvidence& e) {
                   counted(e);
                   e.rules[2].last = true;
                   e.failures->front().samples.at(5).value = 8;
                 },
                 "failed to evaluate a rule"}});
}

TEST(Proofs, InputsMustHaveSamples) {
  auto errors = [](GateEvidence& e) -> std::vector<Sample>& { return e.inputs.at("errors").counts->front().samples; };
  expect_blind({
      {"P6", [](auto& e) { e.inputs.clear(); }, "errors, which was not asked"},
      {"P6", [](auto& e) { e.inputs.at("errors").counts = hung; }, "could not be read: http://p did not answer"},
      {"P6", [](auto& e) { e.inputs.at("errors").counts->clear(); },
       "HighErrors asks for errors, which had no fresh number in the window (renamed metric?)"},
      {"P6", [&](auto& e) { errors(e).erase(errors(e).begin() + 20); }, "had no fresh number at 1 of 51 steps"},
      {"P6", [&](auto& e) { errors(e).pop_back(); }, "had no fresh number at 1 of 51 steps"},
      {"P6", [&](auto& e) { errors(e).erase(errors(e).begin(), errors(e).begin() + 6); }, "no fresh number at 6 of 51"},
      {"P6", [&](auto& e) { errors(e).at(9).value = 0; }, "no fresh number at 1 of 51"},
      {"P6", [](auto& e) { e.rules[0].query = "errors{"; }, "asks for what can't be read"},
  });
  auto late = good_evidence();
  errors(late).erase(errors(late).begin(), errors(late).begin() + 5);
  EXPECT_EQ(prove_inputs(late).proof.verdict, GateVerdict::quiet) << "a counter appears with its first request";
}

TEST(Proofs, ASeriesOfEventsNeedsItsWitness) {
  auto evidence = good_evidence();
  evidence.rules[0].query = "rate(errors{code=\"500\"}[1m]) / rate(errors[1m])";
  EXPECT_EQ(prove_inputs(evidence).proof.verdict, GateVerdict::blind);
  InputCount none;
  none.counts = std::vector<Series>{};
  evidence.inputs["errors{code=\"500\"}"] = none;
  evidence.inputs["errors{code!=\"\"}"] = evidence.inputs["errors"];
  EXPECT_EQ(prove_inputs(evidence).proof.verdict, GateVerdict::quiet);
  evidence.inputs["errors{code!=\"\"}"] = none;
  EXPECT_EQ(prove_inputs(evidence).proof.detail,
            "HighErrors asks for errors{code=\"500\"}, which had no fresh number in the window (renamed metric?), and "
            "errors{code!=\"\"} had no fresh number in the window (renamed metric?)");
  evidence.inputs["errors"] = none;
  EXPECT_EQ(prove_inputs(evidence).proof.detail,
            "HighErrors asks for errors, which had no fresh number in the window (renamed metric?)");
}

TEST(Proofs, RecordedSeriesAreFollowedToTheirInputs) {
  auto evidence = good_evidence();
  ExpectedRule record;
  record.group = "g";
  record.name = "errors:rate";
  record.query = "rate(raw_errors[1m]) + errors:rate";  // itself, too: no endless loop
  evidence.rules.push_back(record);
  evidence.rules[0].query = "errors:rate > 5";
  EXPECT_THAT(prove_inputs(evidence).proof.detail, HasSubstr("HighErrors asks for raw_errors, which was not asked"));
  evidence.inputs["raw_errors"] = evidence.inputs["errors"];
  EXPECT_EQ(prove_inputs(evidence).proof.verdict, GateVerdict::quiet);
}

TEST(Proofs, TargetsMustBeUp) {
  expect_blind({
      {"P7", [](auto& e) { e.targets = hung; }, "did not answer"},
      {"P7", [](auto& e) { e.lowest_up = hung; }, "did not answer"},
      {"P7", [](auto& e) { e.targets->clear(); }, "scrapes no target"},
      {"P7", [](auto& e) { e.targets->front().health = "down", e.targets->front().last_error = "refused"; },
       "target node h:1 is down: refused"},
      {"P7", [](auto& e) { e.targets->front().health = "unknown"; }, "is unknown"},
      {"P7", [](auto& e) { e.targets->front().last_scrape = evidence_begin + 40; },
       "last scraped 10s before the window ended"},
      {"P7", [](auto& e) { e.lowest_up->clear(); }, "has no `up` in the window"},
      {"P7", [](auto& e) { e.lowest_up->front().samples[0].value = 0; }, "was down within the window"},
  });
}

TEST(Proofs, RulesMustBeAbleToFire) {
  expect_blind({{"P8", [](auto& e) { e.rules[0].duration = e.loaded->at(0).duration = 900; },
                 "HighErrors could not have fired: it needs 15m 3s (`for` 15m + 2 evaluations of 1s + a scrape of 1s), "
                 "the window has 50s"}});
}

TEST(Proofs, EveryLayerNeedsALiveRule) {
  expect_blind({
      {"LAYER", [](auto& e) { e.inputs.at("up{job=\"node\"}").counts->clear(); },
       "no live rule of layer \"node\" (1 are in the commit and none can be relied on)"},
      {"LAYER", [](auto& e) { e.rules[1].labels["layer"] = e.loaded->at(1).labels["layer"] = "nodes"; },
       "no live rule of layer \"node\" (no alert is labelled with it)"},
  });
  EXPECT_EQ(judge_gate(GateSpec{}, good_evidence()).proofs.size(), 9U) << "no row where no layer is asked for";
}

Series alert_series(const std::string& state, double from, double to, const std::string& name = "HighErrors") {
  return steady({{"__name__", "ALERTS"}, {"alertname", name}, {"alertstate", state}, {"layer", "application"}}, 1, 1,
                from, to);
}

TEST(Quietness, AFiringAlertIsLoudWithItsNumbers) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 13, 25), alert_series("pending", 10, 12)};
  auto episodes = firings_of(evidence);
  ASSERT_EQ(episodes.size(), 1U);
  EXPECT_EQ(episodes[0].first, evidence_begin + 10);
  evidence.values[value_key(episodes[0])] = 7.25;
  auto judgement = judge_gate(layers(), evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::loud);
  EXPECT_EQ(said_by(judgement), "loud: HighErrors was firing for 12s from 10:02:13Z, value 7.25");
}

TEST(Quietness, LoudBeatsBlind) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 13, 13)};
  evidence.targets = hung;
  evidence.loaded = hung;
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::loud);
}

TEST(Quietness, WhatFiredBeforeIsADirtyStartOnlyWhenItReachesTheWindow) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", -10, 5)};
  EXPECT_THAT(said_by(judge_gate(layers(), evidence)),
              HasSubstr("(a dirty start: it was active at 10:01:50Z, before the window began at 10:02:00Z)"));
  evidence.alerts = std::vector<Series>{alert_series("firing", -10, -5)};
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::quiet);
}

TEST(Quietness, PendingThatClearedIsANearMissAndPendingThatStaysIsLoud) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("pending", 20, 22)};
  auto judgement = judge_gate(layers(), evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet);
  EXPECT_THAT(proof_of(judgement, "QUIET").detail,
              HasSubstr("near misses: HighErrors was pending for 2s from 10:02:20Z and cleared"));
  evidence.loaded->at(0).alerts.push_back({{}, "pending", evidence_begin + 49, 7});
  EXPECT_EQ(said_by(judge_gate(layers(), evidence)),
            "loud: HighErrors was still pending 3s after the window, since 10:02:49Z");
  evidence.loaded->at(0).alerts[0].active_at = evidence_begin + 52;
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::quiet) << "began after the window";
}

TEST(Quietness, TheRulesOwnWordCountsAsMuchAsTheSamples) {
  auto evidence = good_evidence();
  evidence.loaded->at(0).alerts.push_back({{}, "firing", evidence_begin + 51, 7});
  EXPECT_EQ(said_by(judge_gate(layers(), evidence)), "loud: HighErrors is firing since 10:02:51Z, value 7");
  auto unread = good_evidence();
  unread.alerts = hung;
  EXPECT_EQ(judge_gate(layers(), unread).verdict, GateVerdict::blind);
}

TEST(Quietness, OnlyRulesInScopeDecide) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 5, 9, "SomebodyElses")};
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::quiet);
}

TEST(Quietness, EpisodesEndAtGapsAndAreTold) {
  auto alerts = std::vector<Series>{alert_series("firing", 1, 3), alert_series("firing", 6, 7)};
  auto episodes = episodes_of(
      alerts, [](const std::string&) { return 1.0; }, evidence_begin + 6);
  ASSERT_EQ(episodes.size(), 2U);
  EXPECT_EQ(episodes[0].last, evidence_begin + 3);
  EXPECT_EQ(episodes[1].firing_until, evidence_begin + 6) << "later samples are left out";
  EXPECT_EQ(episodes[0].name(), "HighErrors");
}

TEST(Inputs, SamplesThatExistOnlyWhenSomethingIsWrongHaveASibling) {
  auto evidence = good_evidence();
  evidence.rules[0].annotations["gate_sibling"] = "pods";
  evidence.loaded->at(0).annotations = evidence.rules[0].annotations;
  evidence.inputs.at("errors").counts = std::vector<Series>{};
  auto said = [&evidence] { return said_by(judge_gate(layers(), evidence)); };
  EXPECT_THAT(said(),
              HasSubstr("errors, which had no fresh number in the window (renamed metric?), and its sibling pods was "
                        "not asked"));
  InputCount pods;
  pods.counts = std::vector<Series>{steady({}, 1, 1, 0, 50)};
  evidence.inputs["pods"] = pods;
  EXPECT_THAT(said(), HasSubstr("whether a target describes it was not asked"));
  evidence.described.emplace("errors", hung);
  EXPECT_THAT(said(), HasSubstr("did not answer within 10s"));
  evidence.described.at("errors") = false;
  EXPECT_THAT(said(), HasSubstr("and no target describes errors"));
  evidence.described.at("errors") = true;
  EXPECT_THAT(said(), HasSubstr("quiet: "));
  evidence.inputs.at("pods").counts->front().samples.resize(20);
  EXPECT_THAT(said(), HasSubstr("and its sibling pods had no fresh number at 31 of 51 steps"));
  evidence.rules[0].annotations["gate_sibling"] = "pods or nodes";
  evidence.loaded->at(0).annotations = evidence.rules[0].annotations;
  EXPECT_THAT(said(), HasSubstr("its annotation `gate_sibling` is not one selector"));
}

TEST(Waivers, AProofThatIsMissingNeedNotHoldAndIsToldWithItsReason) {
  auto spec = layers();
  spec.waivers = {{"P1", "a managed service"}, {"P7", "targets are not served"}, {"P2", "never needed"}};
  auto evidence = good_evidence();
  evidence.before.runtime = hung;
  evidence.targets = hung;
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::blind);
  const auto judgement = judge_gate(spec, evidence);
  EXPECT_EQ(
      said_by(judgement),
      "quiet: 3 rules in 1 group were evaluated without a gap over 50s and none was pending or firing; waived: P1 "
      "(a managed service), P7 (targets are not served)");
  EXPECT_EQ(proof_of(judgement, "P1").waived, "a managed service");
  EXPECT_EQ(proof_of(judgement, "P1").verdict, GateVerdict::blind);
  EXPECT_EQ(proof_of(judgement, "P2").waived, "") << "it holds";
}

TEST(Waivers, NothingWaivesWhatFiredOrALayerWithoutRules) {
  auto spec = layers();
  for (const char* id : {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"}) spec.waivers[id] = "for the test";
  auto loud = good_evidence();
  loud.alerts = std::vector<Series>{
      steady({{"alertname", "HighErrors"}, {"alertstate", "firing"}, {"layer", "application"}}, 1, 1, 10, 20)};
  EXPECT_EQ(judge_gate(spec, loud).verdict, GateVerdict::loud);
  auto unread = good_evidence();
  unread.alerts = hung;
  EXPECT_EQ(judge_gate(spec, unread).verdict, GateVerdict::blind);
  spec.layers = {"kubernetes"};
  EXPECT_EQ(judge_gate(spec, good_evidence()).verdict, GateVerdict::blind);
}

TEST(Waivers, WithoutLoadedRulesTheSamplesDecide) {
  auto spec = layers();
  spec.waivers = {{"P3", "no rules API here"}, {"P4", "no rules API here"}};
  auto evidence = good_evidence();
  evidence.loaded = hung;
  EXPECT_EQ(judge_gate(spec, evidence).verdict, GateVerdict::quiet) << said_by(judge_gate(spec, evidence));
  evidence.alerts = std::vector<Series>{
      steady({{"alertname", "HighErrors"}, {"alertstate", "pending"}, {"layer", "application"}}, 1, 1, 45, 53)};
  EXPECT_THAT(said_by(judge_gate(spec, evidence)), HasSubstr("loud: HighErrors was still pending 3s after the window"));
  evidence.alerts->front().samples.resize(3);
  EXPECT_EQ(judge_gate(spec, evidence).verdict, GateVerdict::quiet) << "it cleared";
  spec.waivers.erase("P3");
  EXPECT_EQ(judge_gate(spec, evidence).verdict, GateVerdict::blind);
}

TEST(Judgement, TheCauseComesBeforeItsEffects) {
  auto evidence = good_evidence();
  evidence.inputs.at("errors").counts->clear();
  evidence.targets->front().health = "down";
  auto judgement = judge_gate(layers(), evidence);
  EXPECT_THAT(said_by(judgement), HasSubstr("blind: target node h:1 is down"));
  EXPECT_THAT(advice_of(judgement), HasSubstr("could not be scraped"));
}

}  // namespace
}  // namespace quietgate
