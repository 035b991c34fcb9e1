// Asks a gate's server for the samples that its alerts ask for (P6).
#pragma once

#include <string>
#include <vector>

#include "stages/gate/gate_evidence.h"
#include "stages/gate/gate_server.h"

namespace quietgate {

class InputGathering {
 public:
  // Both must outlive it. The evidence must have its rules, window and targets.
  InputGathering(GateServer& server, GateEvidence& evidence) : server_(server), evidence_(evidence) {}

  // Fills the evidence's `inputs` and `described`. Throws Stopped.
  Task<void> gather();

 private:
  Task<void> count(std::vector<std::string> selectors, double scrape);
  Task<void> ask_for_descriptions(const std::vector<InputNeed>& needs);

  GateServer& server_;
  GateEvidence& evidence_;
  bool together_ = true;  // the server has an answer for many inputs at once, as far as is known
};

}  // namespace quietgate
