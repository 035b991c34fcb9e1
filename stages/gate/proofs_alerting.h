// P9, P10, DELIVERY and MUTED: the way from an alert to a person. Pure.
#pragma once

#include <optional>
#include <vector>

#include "runner/model/gate_spec.h"
#include "stages/gate/finding.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

// P9: GateWatchdog, which always fires, fired throughout. Nothing when the commit has no such alert.
std::optional<Finding> prove_watchdog(const GateEvidence& evidence);
// P10: GateSyntheticFault fired before the window and had ended when it began. Nothing when the commit has no such
// alert.
std::optional<Finding> prove_synthetic(const GateEvidence& evidence);
// DELIVERY: an Alertmanager delivered its watchdog within the time that the gate asks for. Nothing when it doesn't ask.
std::optional<Finding> prove_delivery(const GateSpec& spec, const GateEvidence& evidence);
// MUTED: no silence and no inhibition keeps people from what fired, or would fire. Nothing when the gate names no
// Alertmanager. `blinds`: a silence makes the gate blind, since nobody else watches what was released; else the detail
// tells of it and the proof holds.
std::optional<Finding> prove_not_muted(const GateEvidence& evidence, bool blinds = false);

inline constexpr const char* synthetic_fault_alert = "GateSyntheticFault";
// The rule of that name, or nullptr.
const ExpectedRule* synthetic_of(const std::vector<ExpectedRule>& rules);
// Whether an alert with these labels is about this run's synthetic fault: where they name a repository or a run, it
// must be this run's.
bool is_of_run(const Labels& labels, const RunId& run);

}  // namespace quietgate
