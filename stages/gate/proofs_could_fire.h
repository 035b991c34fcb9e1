// P8: each alert could have fired within the window. Pure.
#pragma once

#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// The window is long enough for the alert's `for`, two evaluations, a scrape and its offsets, and no label changes so
// often that the alert never lasts for its `for`.
Finding prove_could_fire(const GateEvidence& evidence);

}  // namespace quietgate
