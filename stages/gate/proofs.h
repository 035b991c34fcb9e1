// The gate's proofs: each looks at the evidence and says whether it holds. Pure. Absence of evidence is a problem.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "stages/gate/gate_evidence.h"
#include "stages/gate/quietness.h"

namespace quietgate {

struct Finding {
  Proof proof;
  std::vector<std::string> problems;                   // sentences, the most telling first; empty: the proof holds
  std::set<std::pair<std::string, std::string>> dead;  // group and name of rules that the problems are about
  std::size_t near_misses = 0;                         // QUIET: alerts that were pending for a while and cleared
};

Finding prove_server(const GateEvidence& evidence);     // P1 ready throughout, not restarted, not reconfigured
Finding prove_clocks(const GateEvidence& evidence);     // P2
Finding prove_loaded(const GateEvidence& evidence);     // P3 the loaded rules equal the commit's rules
Finding prove_healthy(const GateEvidence& evidence);    // P4
Finding prove_evaluated(const GateEvidence& evidence);  // P5 without a gap
Finding prove_inputs(const GateEvidence& evidence);     // P6 every series that an alert asks for was there
Finding prove_targets(const GateEvidence& evidence);    // P7 up throughout
Finding prove_able(const GateEvidence& evidence);       // P8 each rule could have fired within the window
// P9 an alert that always fires did; nothing when the commit has no GateWatchdog.
std::optional<Finding> prove_watchdog(const GateEvidence& evidence);
// P10 the synthetic fault was heard before the window, and was over; nothing when the commit has no
// GateSyntheticFault.
std::optional<Finding> prove_synthetic(const GateEvidence& evidence);
// DELIVERY an Alertmanager delivered its watchdog lately. Nothing when the gate doesn't ask.
std::optional<Finding> prove_delivery(const GateSpec& spec, const GateEvidence& evidence);
// MUTED what people would not have heard of. Nothing when the gate names no Alertmanager. `blinds`: that is a problem,
// because nobody else looks at what was released; else it is only told.
std::optional<Finding> tell_muted(const GateEvidence& evidence, bool blinds = false);
// QUIET; loud when an in-scope alert fired. `without_rules`: the ALERTS samples are enough where the loaded rules can't
// be had.
Finding prove_quiet(const GateEvidence& evidence, bool without_rules = false);
// LAYER each has a rule that nothing above is about. `without_rules`: rules of the commit count though none is loaded.
Finding prove_layers(const std::vector<std::string>& layers, const GateEvidence& evidence,
                     const std::vector<Finding>& others, bool without_rules = false);

// All of the above and what they add up to: loud beats blind, only quiet promotes.
GateJudgement judge_gate(const GateSpec& spec, const GateEvidence& evidence);
// A judgement that is blind for one reason, before any evidence could be gathered.
GateJudgement blind_judgement(std::string id, std::string name, std::string problem, Window window);
// `blind: no live rule of layer "node"`
std::string said_by(const GateJudgement& judgement);
// What to do about a judgement that is not quiet.
std::string advice_of(const GateJudgement& judgement);

// Episodes of in-scope alerts from one interval before the window on that fired.
std::vector<Episode> firings_of(const GateEvidence& evidence);
// The key of GateEvidence::values.
std::string value_key(const Episode& episode);

inline constexpr const char* synthetic_fault_alert = "GateSyntheticFault";
// The rule that hears it, or nullptr.
const ExpectedRule* synthetic_of(const std::vector<ExpectedRule>& rules);
// Whether an alert with these labels is about this run's synthetic fault: what the labels tell of a run must fit.
bool is_of_run(const Labels& labels, const RunId& run);

// `10:02:03Z`, `1m 5s`.
std::string clock_time(double seconds);
std::string span_text(double seconds);
// `1 group`, `3 groups`.
std::string count_text(std::size_t count, const std::string& noun);
// A finding that holds with `detail`, or is blind when there are problems.
Finding conclude(std::string id, std::string name, std::vector<std::string> problems, std::string detail);

}  // namespace quietgate
