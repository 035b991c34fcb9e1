// P3 and P4: the rules that the server has loaded. Pure.
#pragma once

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// P3: the loaded rules are exactly the commit's, in their order; queries are compared as the server formats them.
Finding prove_loaded(const GateEvidence& evidence);
// P4: each is healthy, and was evaluated after the window had ended.
Finding prove_healthy(const GateEvidence& evidence);

}  // namespace quietgate
