// LAYER: each layer that the gate names has a rule that works. Pure.
#pragma once

#include <string>
#include <vector>

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// A layer needs an in-scope alert with its `layer` label that is loaded and that none of `others` finds unreliable.
// `without_rules`: an alert of the commit counts although it isn't loaded.
Finding prove_layers(const std::vector<std::string>& layers, const GateEvidence& evidence,
                     const std::vector<Finding>& others, bool without_rules = false);

}  // namespace quietgate
