// P5: the rules were evaluated all the time. Pure.
#pragma once

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// No group went longer than one and a half intervals without an evaluation. A group's heartbeat shows that; without
// one, the server's own counters do, or what was observed of the group while stages ran.
Finding prove_evaluated(const GateEvidence& evidence);

}  // namespace quietgate
