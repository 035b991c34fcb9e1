// P6: the alerts had the samples that they ask for. Pure.
#pragma once

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// Each selector of each in-scope alert gave a fresh sample at every step of the window. A series that begins shortly
// after the window did is forgiven its late begin.
Finding prove_inputs(const GateEvidence& evidence);

}  // namespace quietgate
