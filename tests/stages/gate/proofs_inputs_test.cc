#include "stages/gate/proofs_inputs.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

TEST(ProofsInputs, InputsMustHaveSamples) {
  auto errors = [](GateEvidence& e) -> std::vector<Sample>& { return e.inputs.at("errors").counts->front().samples; };
  expect_blind({
      {"P6", [](auto& e) { e.inputs.clear(); }, "errors, which was not queried"},
      {"P6", [](auto& e) { e.inputs.at("errors").counts = hung; }, "could not be read: http://p did not answer"},
      {"P6", [](auto& e) { e.inputs.at("errors").counts->clear(); },
       "HighErrors asks for errors, which had no fresh sample in the window (renamed metric?)"},
      {"P6", [&](auto& e) { errors(e).erase(errors(e).begin() + 20); }, "had no fresh sample at 1 of 51 steps"},
      {"P6", [&](auto& e) { errors(e).pop_back(); }, "had no fresh sample at 1 of 51 steps"},
      {"P6", [&](auto& e) { errors(e).erase(errors(e).begin(), errors(e).begin() + 6); }, "no fresh sample at 6 of 51"},
      {"P6", [&](auto& e) { errors(e).at(9).value = 0; }, "no fresh sample at 1 of 51"},
      {"P6", [](auto& e) { e.rules[0].query = "errors{"; }, "has an expression that can't be read"},
  });
  auto late = good_evidence();
  errors(late).erase(errors(late).begin(), errors(late).begin() + 5);
  EXPECT_EQ(prove_inputs(late).proof.verdict, GateVerdict::quiet) << "a counter appears with its first request";
}

TEST(ProofsInputs, ASeriesOfEventsNeedsItsWitness) {
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
            "HighErrors asks for errors{code=\"500\"}, which had no fresh sample in the window (renamed metric?), and "
            "errors{code!=\"\"} had no fresh sample in the window (renamed metric?)");
  evidence.inputs["errors"] = none;
  EXPECT_EQ(prove_inputs(evidence).proof.detail,
            "HighErrors asks for errors, which had no fresh sample in the window (renamed metric?)");
}

TEST(ProofsInputs, RecordedSeriesAreFollowedToTheirInputs) {
  auto evidence = good_evidence();
  ExpectedRule record;
  record.group = "g";
  record.name = "errors:rate";
  record.query = "rate(raw_errors[1m]) + errors:rate";  // itself, too: no endless loop
  evidence.rules.push_back(record);
  evidence.rules[0].query = "errors:rate > 5";
  EXPECT_THAT(prove_inputs(evidence).proof.detail, HasSubstr("HighErrors asks for raw_errors, which was not queried"));
  evidence.inputs["raw_errors"] = evidence.inputs["errors"];
  EXPECT_EQ(prove_inputs(evidence).proof.verdict, GateVerdict::quiet);
}

TEST(ProofsInputs, SamplesThatExistOnlyWhenSomethingIsWrongHaveASibling) {
  auto evidence = good_evidence();
  evidence.rules[0].annotations["gate_sibling"] = "pods";
  evidence.loaded->at(0).annotations = evidence.rules[0].annotations;
  evidence.inputs.at("errors").counts = std::vector<Series>{};
  auto said = [&evidence] { return said_by(judge_gate(layers(), evidence)); };
  EXPECT_THAT(
      said(),
      HasSubstr("errors, which had no fresh sample in the window (renamed metric?), and its sibling pods was not "
                "queried"));
  InputCount pods;
  pods.counts = std::vector<Series>{steady({}, 1, 1, 0, 50)};
  evidence.inputs["pods"] = pods;
  EXPECT_THAT(said(), HasSubstr("and the server was not asked whether a target describes it"));
  evidence.described.emplace("errors", hung);
  EXPECT_THAT(said(), HasSubstr("did not answer within 10s"));
  evidence.described.at("errors") = false;
  EXPECT_THAT(said(), HasSubstr("and no target describes errors"));
  evidence.described.at("errors") = true;
  EXPECT_THAT(said(), HasSubstr("quiet: "));
  evidence.inputs.at("pods").counts->front().samples.resize(20);
  EXPECT_THAT(said(), HasSubstr("and its sibling pods had no fresh sample at 31 of 51 steps"));
  evidence.rules[0].annotations["gate_sibling"] = "pods or nodes";
  evidence.loaded->at(0).annotations = evidence.rules[0].annotations;
  EXPECT_THAT(said(), HasSubstr("its annotation `gate_sibling` is not one selector"));
}

}  // namespace
}  // namespace quietgate
