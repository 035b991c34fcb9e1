// What all proofs of a gate add up to: quiet, loud or blind. Pure.
#pragma once

#include <string>

#include "runner/model/gate_spec.h"
#include "runner/model/outcome.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// Loud when an alert fired; else blind when a proof that isn't waived doesn't hold; else quiet, which alone promotes.
// Its sentence tells the first cause of those that were found. What was not asked is a problem, never a pass.
GateJudgement judge_gate(const GateSpec& spec, const GateEvidence& evidence);

// Blind for one reason, before any evidence could be gathered.
GateJudgement blind_judgement(std::string id, std::string name, std::string problem, Window window);

// `blind: no live rule of layer "node"`
std::string said_by(const GateJudgement& judgement);
// What to do about a judgement that isn't quiet; empty when it is.
std::string advice_of(const GateJudgement& judgement);

}  // namespace quietgate
