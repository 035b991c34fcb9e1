// QUIET: no alert that decides was pending or firing in the window. Pure.
#pragma once

#include <string>
#include <vector>

#include "stages/gate/alert_episodes.h"
#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// Loud when an in-scope alert fired, or still was pending when the window was over. `without_rules`: where the loaded
// rules can't be had, the samples of ALERTS are enough.
Finding prove_quiet(const GateEvidence& evidence, bool without_rules = false);

// The episodes in which an in-scope alert fired, from one interval before the window on.
std::vector<Episode> firings_of(const GateEvidence& evidence);
// The key of GateEvidence::values for such an episode.
std::string value_key(const Episode& episode);

}  // namespace quietgate
