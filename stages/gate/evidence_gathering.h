// Asks a gate's server for everything that the gate judges by.
#pragma once

#include "stages/gate/gate_evidence.h"
#include "stages/gate/gate_server.h"

namespace quietgate {

// What the server doesn't answer stands in the evidence as an error, which passes no proof. Every task throws Stopped.
class EvidenceGathering {
 public:
  // `server` must outlive it.
  explicit EvidenceGathering(GateServer& server) : server_(server) {}

  // Everything. `evidence.rules`, `begin` and `end` must be there already. What it asks follows the rules that
  // `evidence.loaded` holds, or those that it reads first; at its end they are read (again), for the judgement.
  Task<void> gather(GateEvidence& evidence);
  // The same for a preview while the window lasts: `evidence.loaded` is there already, too, and is not read again.
  Task<void> gather_so_far(GateEvidence& evidence);

 private:
  Task<void> gather_samples(GateEvidence& evidence);
  Task<void> gather_rules(GateEvidence& evidence);
  Task<void> gather_targets(GateEvidence& evidence);
  Task<void> gather_evaluations(GateEvidence& evidence);
  Task<void> gather_alerts(GateEvidence& evidence);
  Task<void> gather_values(GateEvidence& evidence);

  GateServer& server_;
};

}  // namespace quietgate
