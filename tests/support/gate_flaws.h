// What makes a proof of the gate blind: a flaw in evidence that is good otherwise.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <vector>

#include "stages/gate/judgement.h"
#include "tests/support/gate_evidence.h"

namespace quietgate {

struct Flaw {
  const char* proof;
  std::function<void(GateEvidence&)> make;
  const char* words;
};

inline void expect_blind(const std::vector<Flaw>& flaws) {
  for (const auto& flaw : flaws) {
    auto evidence = good_evidence();
    flaw.make(evidence);
    auto judgement = judge_gate(layers(), evidence);
    EXPECT_EQ(judgement.verdict, GateVerdict::blind) << flaw.words;
    EXPECT_EQ(proof_of(judgement, flaw.proof).verdict, GateVerdict::blind) << flaw.proof << " " << flaw.words;
    EXPECT_THAT(proof_of(judgement, flaw.proof).detail, testing::HasSubstr(flaw.words));
    EXPECT_THAT(said_by(judgement), testing::HasSubstr("blind: "));
    EXPECT_NE(advice_of(judgement), "");
  }
}

inline const Error hung = infrastructure_error("http://p did not answer within 10s");

}  // namespace quietgate
