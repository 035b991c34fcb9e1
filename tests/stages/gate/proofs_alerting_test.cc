// The way from a rule to a person: watchdog, synthetic fault, deliveries, silences.
#include <gmock/gmock.h>

#include "stages/gate/judgement.h"
#include "tests/support/gate_evidence.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

const Error hung = infrastructure_error("http://p did not answer within 10s");

// GateSyntheticFault fired from `from` to `to`, seconds from the window's begin.
GateEvidence heard_evidence(double from, double to, const char* run = "7") {
  auto evidence = good_evidence();
  const auto rule = expected_rule("GateSyntheticFault", "gate_synthetic_fault > 0", 0, "meta");
  evidence.rules.insert(evidence.rules.begin(), rule);
  evidence.loaded->insert(evidence.loaded->begin(), loaded_rule(rule));
  evidence.canonical.emplace(rule.query, rule.query);
  evidence.run = {"hello", 7};
  evidence.alerts = std::vector<Series>{steady({{"__name__", "ALERTS"},
                                                {"alertname", "GateSyntheticFault"},
                                                {"alertstate", "firing"},
                                                {"repository", "hello"},
                                                {"run", run}},
                                               1, 1, from, to)};
  return evidence;
}

TEST(SyntheticFault, HeardAndOverBeforeTheWindowHolds) {
  const auto judgement = judge_gate(layers(), heard_evidence(-9, -4));
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << said_by(judgement);
  EXPECT_EQ(proof_of(judgement, "P10").detail, "fired at 10:01:51Z, ended after 10:01:56Z");
  EXPECT_EQ(proof_of(judge_gate(layers(), good_evidence()), "P10").id, "") << "the commit has no such rule";
  auto without_labels = heard_evidence(-9, -4);
  without_labels.alerts->front().labels.erase("repository");
  without_labels.alerts->front().labels.erase("run");
  EXPECT_EQ(judge_gate(layers(), without_labels).verdict, GateVerdict::quiet);
}

TEST(SyntheticFault, WhatWasNotHeardIsBlind) {
  const std::pair<GateEvidence, const char*> deaf[] = {
      {heard_evidence(2, 5), "GateSyntheticFault did not fire before the window began at 10:02:00Z"},
      {heard_evidence(-9, 1), "GateSyntheticFault was still active when the window began at 10:02:00Z"},
      {heard_evidence(-9, -4, "6"), "GateSyntheticFault did not fire before"},
      {heard_evidence(9, -9), "GateSyntheticFault did not fire before"},
  };
  for (const auto& [evidence, words] : deaf) {
    const auto judgement = judge_gate(layers(), evidence);
    EXPECT_EQ(judgement.verdict, GateVerdict::blind);
    EXPECT_THAT(said_by(judgement), HasSubstr(words));
    EXPECT_THAT(advice_of(judgement), HasSubstr("/metrics"));
  }
  auto earlier = heard_evidence(-40, -35);
  earlier.fault_raised = evidence_begin - 10;
  EXPECT_EQ(judge_gate(layers(), earlier).verdict, GateVerdict::blind) << "the fault of an attempt before";
  earlier.fault_raised = evidence_begin - 42;
  EXPECT_EQ(judge_gate(layers(), earlier).verdict, GateVerdict::quiet);
  auto spec = layers();
  spec.waivers["P10"] = "production does not scrape the runner";
  EXPECT_EQ(judge_gate(spec, heard_evidence(2, 5)).verdict, GateVerdict::quiet);
}

TEST(Delivery, AWatchdogThatCameLatelyHolds) {
  auto spec = layers();
  spec.watchdog = "staging";
  spec.watchdog_within = Milliseconds{60'000};
  auto evidence = good_evidence();
  evidence.delivery_asked = evidence_begin + 53;
  const auto said = [&] { return said_by(judge_gate(spec, evidence)); };
  EXPECT_THAT(said(), HasSubstr("blind: no watchdog was delivered to /api/v1/watchdogs/staging"));
  evidence.watchdog_delivered = Time{Milliseconds{static_cast<std::int64_t>(evidence_begin * 1000)}};
  EXPECT_THAT(said(), HasSubstr("quiet: "));
  spec.watchdog_within = Milliseconds{50'000};
  EXPECT_THAT(said(), HasSubstr("the last watchdog came to /api/v1/watchdogs/staging 53s ago"));
  evidence.watchdog_delivered = Time{Milliseconds{static_cast<std::int64_t>((evidence.delivery_asked + 3600) * 1000)}};
  EXPECT_THAT(said(), HasSubstr("blind: the last watchdog came to /api/v1/watchdogs/staging at"))
      << "a clock that was set back makes no delivery fresh";
  spec.watchdog.clear();
  EXPECT_THAT(said(), HasSubstr("quiet: ")) << "nobody asked";
}

ExpectedRule watchdog_rule() {
  auto rule = expected_rule("GateWatchdog", "vector(1)", 0, "meta");
  return rule;
}

GateEvidence watched_evidence(double from, double to) {
  auto evidence = good_evidence();
  evidence.rules.insert(evidence.rules.begin(), watchdog_rule());
  evidence.loaded->insert(evidence.loaded->begin(), loaded_rule(watchdog_rule()));
  evidence.canonical.emplace("vector(1)", std::string("vector(1)"));
  evidence.alerts = std::vector<Series>{
      steady({{"__name__", "ALERTS"}, {"alertname", "GateWatchdog"}, {"alertstate", "firing"}}, 1, 1, from, to)};
  return evidence;
}

TEST(Watchdog, FiringThroughoutHoldsAndDecidesNothingElse) {
  const auto judgement = judge_gate(layers(), watched_evidence(-10, 53));
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << said_by(judgement);
  EXPECT_EQ(proof_of(judgement, "P9").detail, "from 10:01:50Z to 10:02:53Z");
  EXPECT_EQ(proof_of(judge_gate(layers(), good_evidence()), "P9").id, "") << "no watchdog in the commit";
}

TEST(Watchdog, SilenceOfItIsBlind) {
  const std::pair<GateEvidence, const char*> silent[] = {
      {watched_evidence(5, 53), "GateWatchdog was not firing when the window began at 10:02:00Z"},
      {watched_evidence(-10, 30), "GateWatchdog stopped firing at 10:02:30Z, before the window ended at 10:02:50Z"},
      {watched_evidence(60, 50), "GateWatchdog was not firing when the window began"},
  };
  for (const auto& [evidence, words] : silent) {
    const auto judgement = judge_gate(layers(), evidence);
    EXPECT_EQ(judgement.verdict, GateVerdict::blind);
    EXPECT_THAT(said_by(judgement), HasSubstr(words));
    EXPECT_THAT(advice_of(judgement), HasSubstr("GateWatchdog"));
  }
  auto gap = watched_evidence(-10, 53);
  auto& samples = gap.alerts->front().samples;
  samples.erase(samples.begin() + 30, samples.begin() + 34);
  EXPECT_THAT(said_by(judge_gate(layers(), gap)), HasSubstr("GateWatchdog stopped firing at 10:02:19Z"));
}

TEST(Muted, IsToldAndDecidesNothing) {
  auto evidence = good_evidence();
  evidence.muting = Muting{};
  EXPECT_EQ(proof_of(judge_gate(layers(), evidence), "MUTED").detail, "nothing; 0 silences in force");
  Silence silence{"0123456789", "a long deploy", "ana", evidence_begin + 600, {{"alertname", "High.*", true, true}}};
  evidence.muting = Muting{{silence}, {}};
  auto judgement = judge_gate(layers(), evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet);
  EXPECT_EQ(proof_of(judgement, "MUTED").detail,
            "silence 01234567 of ana (`a long deploy`, until 10:12:00Z) mutes HighErrors");
  evidence.alerts = std::vector<Series>{
      steady({{"alertname", "HighErrors"}, {"alertstate", "firing"}, {"layer", "application"}}, 1, 1, 10, 20)};
  judgement = judge_gate(layers(), evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << "a silence does not make a rule quiet";
  EXPECT_THAT(proof_of(judgement, "MUTED").detail, HasSubstr("mutes HighErrors, which fired"));
  evidence.muting = Result<Muting>(hung);
  judgement = judge_gate(layers(), evidence);
  EXPECT_THAT(proof_of(judgement, "MUTED").detail, HasSubstr("not known: http://p did not answer"));
}

}  // namespace
}  // namespace quietgate
