#include "stages/gate/proofs_quiet.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

TEST(ProofsQuiet, AFiringAlertIsLoudWithItsNumbers) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 13, 25), alert_series("pending", 10, 12)};
  auto episodes = firings_of(evidence);
  ASSERT_EQ(episodes.size(), 1U);
  EXPECT_EQ(episodes[0].first, evidence_begin + 10);
  evidence.firing_values[value_key(episodes[0])] = 7.25;
  auto judgement = judge_gate(layers(), evidence);
  EXPECT_EQ(judgement.verdict, GateVerdict::loud);
  EXPECT_EQ(said_by(judgement), "loud: HighErrors was firing for 12s from 10:02:13Z, value 7.25");
}

TEST(ProofsQuiet, LoudBeatsBlind) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 13, 13)};
  evidence.targets = hung;
  evidence.loaded = hung;
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::loud);
}

TEST(ProofsQuiet, WhatFiredBeforeIsADirtyStartOnlyWhenItReachesTheWindow) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", -10, 5)};
  EXPECT_THAT(said_by(judge_gate(layers(), evidence)),
              HasSubstr("(a dirty start: it was active at 10:01:50Z, before the window began at 10:02:00Z)"));
  evidence.alerts = std::vector<Series>{alert_series("firing", -10, -5)};
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::quiet);
}

TEST(ProofsQuiet, PendingThatClearedIsANearMissAndPendingThatStaysIsLoud) {
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

TEST(ProofsQuiet, TheRulesOwnWordCountsAsMuchAsTheSamples) {
  auto evidence = good_evidence();
  evidence.loaded->at(0).alerts.push_back({{}, "firing", evidence_begin + 51, 7});
  EXPECT_EQ(said_by(judge_gate(layers(), evidence)), "loud: HighErrors is firing since 10:02:51Z, value 7");
  auto unread = good_evidence();
  unread.alerts = hung;
  EXPECT_EQ(judge_gate(layers(), unread).verdict, GateVerdict::blind);
}

TEST(ProofsQuiet, OnlyRulesInScopeDecide) {
  auto evidence = good_evidence();
  evidence.alerts = std::vector<Series>{alert_series("firing", 5, 9, "SomebodyElses")};
  EXPECT_EQ(judge_gate(layers(), evidence).verdict, GateVerdict::quiet);
}

}  // namespace
}  // namespace quietgate
