#include "stages/gate/judgement.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

TEST(Judgement, AllHoldInGoodEvidence) {
  auto judgement = judge_gate(layers(), good_evidence());
  for (const auto& proof : judgement.proofs) EXPECT_EQ(proof.verdict, GateVerdict::quiet) << proof.id << proof.detail;
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet);
  EXPECT_EQ(said_by(judgement),
            "quiet: 3 rules in 1 group were evaluated without a gap over 50s and none was pending or firing");
  EXPECT_EQ(advice_of(judgement), "");
}

TEST(Judgement, NothingAskedProvesNothing) {
  GateEvidence nothing;
  nothing.end = 50;
  auto judgement = judge_gate(layers(), nothing);
  EXPECT_EQ(judgement.verdict, GateVerdict::blind);
  for (const auto& proof : judgement.proofs) {
    if (proof.id == "P6" || proof.id == "P8") continue;  // without a rule there is nothing to ask for
    EXPECT_EQ(proof.verdict, GateVerdict::blind) << proof.id;
  }
}

TEST(Judgement, AProofThatIsMissingNeedNotHoldAndIsToldWithItsReason) {
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

TEST(Judgement, NothingWaivesWhatFiredOrALayerWithoutRules) {
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

TEST(Judgement, WithoutLoadedRulesTheSamplesDecide) {
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
