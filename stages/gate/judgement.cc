#include "stages/gate/judgement.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "stages/gate/finding.h"
#include "stages/gate/proof_text.h"
#include "stages/gate/proofs_alerting.h"
#include "stages/gate/proofs_could_fire.h"
#include "stages/gate/proofs_evaluation.h"
#include "stages/gate/proofs_inputs.h"
#include "stages/gate/proofs_layers.h"
#include "stages/gate/proofs_quiet.h"
#include "stages/gate/proofs_rules.h"
#include "stages/gate/proofs_server.h"

namespace quietgate {

namespace {

// Causes before their effects: what a person reads first.
constexpr std::array decisive{"WINDOW", "P1", "P2",  "P3",       "P4",    "P7",    "P6",   "P5",
                              "P8",     "P9", "P10", "DELIVERY", "MUTED", "LAYER", "QUIET"};

// A waived proof is told with its problem and decides nothing. What it doubts is no longer in doubt for LAYER either.
void waive(const std::map<std::string, std::string>& waivers, std::vector<Finding>& findings) {
  for (auto& finding : findings) {
    const auto waiver = waivers.find(finding.proof.id);
    if (waiver == waivers.end() || finding.problems.empty()) continue;
    finding.proof.waived = waiver->second;
    finding.problems.clear();
    finding.unreliable.clear();
  }
}

std::string quiet_sentence(const GateEvidence& evidence, const std::vector<Finding>& findings) {
  std::set<std::string> groups;
  for (const auto& rule : evidence.rules) groups.insert(rule.group);
  const bool missed = findings.back().near_misses > 0;
  std::string waived;
  bool gapless = true;
  for (const auto& finding : findings) {
    if (finding.proof.waived.empty()) continue;
    waived += (waived.empty() ? "; waived: " : ", ") + finding.proof.id + " (" + finding.proof.waived + ")";
    if (finding.proof.id == "P5") gapless = false;
  }
  return fmt::format("{} in {} {} over {} and none was {}{}", count_text(evidence.rules.size(), "rule"),
                     count_text(groups.size(), "group"),
                     gapless ? "were evaluated without a gap" : "were watched without proof of their evaluation",
                     span_text(evidence.length()),
                     missed ? "firing (some were pending for a while: see QUIET)" : "pending or firing", waived);
}

std::string first_and_more(const Finding& finding) {
  auto text = finding.problems.front();
  if (finding.problems.size() > 1) text += fmt::format(" (and {} more)", finding.problems.size() - 1);
  return text;
}

}  // namespace

GateJudgement judge_gate(const GateSpec& spec, const GateEvidence& evidence) {
  const bool without_rules = spec.waivers.contains("P3");
  std::vector<Finding> findings{prove_server(evidence),  prove_clocks(evidence),    prove_loaded(evidence),
                                prove_healthy(evidence), prove_evaluated(evidence), prove_inputs(evidence),
                                prove_targets(evidence), prove_could_fire(evidence)};
  if (auto watched = prove_watchdog(evidence)) findings.push_back(std::move(*watched));
  if (auto heard = prove_synthetic(evidence)) findings.push_back(std::move(*heard));
  waive(spec.waivers, findings);
  if (auto delivered = prove_delivery(spec, evidence)) findings.push_back(std::move(*delivered));
  if (!spec.layers.empty()) findings.push_back(prove_layers(spec.layers, evidence, findings, without_rules));
  if (auto muted = prove_not_muted(evidence, spec.during.empty())) findings.push_back(std::move(*muted));
  findings.push_back(prove_quiet(evidence, without_rules));
  GateJudgement judgement;
  judgement.window = {Time(Milliseconds(std::llround(evidence.begin * 1000))),
                      Time(Milliseconds(std::llround(evidence.end * 1000)))};
  for (const auto& finding : findings) judgement.proofs.push_back(finding.proof);
  if (const auto& quiet = findings.back(); quiet.proof.verdict == GateVerdict::loud) {
    judgement.verdict = GateVerdict::loud;
    judgement.sentence = first_and_more(quiet);
    return judgement;
  }
  for (const auto* id : decisive) {
    for (const auto& finding : findings) {
      if (finding.proof.id != id || finding.problems.empty()) continue;
      judgement.verdict = GateVerdict::blind;
      judgement.sentence = first_and_more(finding);
      return judgement;
    }
  }
  judgement.verdict = GateVerdict::quiet;
  judgement.sentence = quiet_sentence(evidence, findings);
  return judgement;
}

GateJudgement blind_judgement(std::string id, std::string name, std::string problem, Window window) {
  GateJudgement judgement;
  judgement.verdict = GateVerdict::blind;
  judgement.window = window;
  judgement.sentence = problem;
  judgement.proofs.push_back({std::move(id), std::move(name), GateVerdict::blind, std::move(problem)});
  return judgement;
}

std::string said_by(const GateJudgement& judgement) {
  return std::string(to_string(judgement.verdict)) + ": " + judgement.sentence;
}

std::string advice_of(const GateJudgement& judgement) {
  static constexpr std::pair<std::string_view, std::string_view> advice[] = {
      {"WINDOW", "name stages in `during` that ran to their end"},
      {"SCRAPE", "find out why the target could not be scraped, or the rule not evaluated; then release again"},
      {"ENVIRONMENT", "test the commit again, in a run of its own: quietgate retry RUN"},
      {"P1", "let Prometheus run without a restart or a reload for the whole run; then run again"},
      {"P2", "set both clocks by the same time source"},
      {"P3", "load exactly the rule files that the gate's `rules:` names, from the same commit"},
      {"P4", "correct the rule; `promtool test rules` shows such errors before the push"},
      {"P7", "find out why the target could not be scraped; then run again"},
      {"P6", "correct the metric's name or labels in the rule, or let the service export it from its start"},
      {"P5", "give each rule group a heartbeat as its last rule, and Prometheus enough processor time"},
      {"P9", "keep GateWatchdog (`expr: vector(1)`, no `for`) among the rules that Prometheus loads"},
      {"P10",
       "let this Prometheus scrape the runner's /metrics and keep its labels (QUIETGATE_METRICS names the "
       "address), or waive P10 with a reason"},
      {"DELIVERY", "route GateWatchdog to the runner's webhook, with a `repeat_interval` shorter than `within`"},
      {"P8", "let the load or `quiet_for` last longer, or shorten the rule's `for`"},
      {"MUTED", "end the silence or the inhibition, or remove `alertmanager` from the gate"},
      {"LAYER", "add an alerting rule with this `layer` label, or repair those that there are"},
      {"QUIET", "make sure that Prometheus answers, and run again"}};
  if (judgement.verdict == GateVerdict::quiet) return {};
  if (judgement.verdict == GateVerdict::loud) {
    return "find the alert's cause in the stage's log and the run's measurements; correct it and push again";
  }
  for (const auto& [id, what] : advice) {
    for (const auto& proof : judgement.proofs) {
      if (proof.id == id && proof.verdict == GateVerdict::blind && proof.waived.empty()) return std::string(what);
    }
  }
  return {};
}

}  // namespace quietgate
