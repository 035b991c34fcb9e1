// P1, P2 and P7: the Prometheus server, its clock and its targets. Pure.
#pragma once

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// P1: the server was ready, was neither restarted nor reconfigured, and was one and the same throughout.
Finding prove_server(const GateEvidence& evidence);
// P2: its clock and the runner's differ by no more than two seconds and half the round trip.
Finding prove_clocks(const GateEvidence& evidence);
// P7: it has targets, and each was up throughout the window.
Finding prove_targets(const GateEvidence& evidence);

}  // namespace quietgate
