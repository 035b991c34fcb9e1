// Evidence with which every proof holds: one group with an alert, a recorded alert and a heartbeat, over 50 s.
#pragma once

#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "stages/gate/gate_evidence.h"

namespace quietgate {

constexpr double evidence_begin = 1'767'261'720;  // 2026-01-01T10:02:00Z

inline Series steady(Labels labels, double value, double step = 1, double from = -10, double to = 60) {
  Series series{std::move(labels), {}};
  for (double at = from; at <= to; at += step) series.samples.push_back({evidence_begin + at, value});
  return series;
}

inline ExpectedRule expected_rule(const std::string& name, const std::string& query, double wait, const char* layer) {
  ExpectedRule rule;
  rule.file = "a.rules.yml";
  rule.group = "g";
  rule.interval = 1;
  rule.name = name;
  rule.alerting = true;
  rule.query = query;
  rule.duration = wait;
  rule.labels = {{"layer", layer}};
  return rule;
}

inline LoadedRule loaded_rule(const ExpectedRule& expected) {
  LoadedRule rule;
  rule.group = expected.group;
  rule.file = "/etc/a.rules.yml";
  rule.interval = 1;
  rule.name = expected.name;
  rule.alerting = expected.alerting;
  rule.query = expected.query;
  rule.duration = expected.duration;
  rule.labels = expected.labels;
  rule.state = "inactive";
  rule.health = "ok";
  rule.last_evaluation = evidence_begin + 53;
  return rule;
}

inline GateEvidence good_evidence() {
  GateEvidence evidence;
  evidence.begin = evidence_begin;
  evidence.end = evidence_begin + 50;
  evidence.judged = evidence_begin + 53;
  evidence.rules = {expected_rule("HighErrors", "errors > 5", 3, "application"),
                    expected_rule("NodeDown", "up{job=\"node\"} == 0", 3, "node"),
                    expected_rule("gate:heartbeat", "vector(time())", 0, "none")};
  evidence.rules[2].alerting = false;
  evidence.rules[2].last = true;
  evidence.rules[2].labels = {{"gate_group", "g"}, {"rules_sha", "@RULES_SHA@"}};
  std::vector<LoadedRule> loaded;
  for (const auto& rule : evidence.rules) {
    loaded.push_back(loaded_rule(rule));
    evidence.canonical.emplace(rule.query, rule.query);
  }
  loaded[2].labels["rules_sha"] = "0123";
  evidence.loaded = loaded;
  ServerStatus status;
  status.ready = true;
  status.runtime = RuntimeInformation{evidence_begin - 100, evidence_begin - 90, true};
  evidence.before = status;
  evidence.after = status;
  evidence.clocks = ClockComparison{0.01, 0.002};
  evidence.alerts = std::vector<Series>{};
  evidence.heartbeats = std::vector<Series>{steady({{"gate_group", "g"}}, 1)};
  evidence.iterations = std::vector<Series>{};
  evidence.missed = std::vector<Series>{};
  evidence.failures = std::vector<Series>{};
  for (const auto* selector : {"errors", "up{job=\"node\"}"}) {
    InputCount input;
    input.counts = std::vector<Series>{steady({}, 1, 1, 0, 50)};
    evidence.inputs.emplace(selector, input);
  }
  ScrapeTarget target{"node", "h:1", "up", "", evidence_begin + 52, 1};
  evidence.targets = std::vector<ScrapeTarget>{target};
  evidence.lowest_up = std::vector<Series>{steady({{"job", "node"}, {"instance", "h:1"}}, 1, 1, 50, 50)};
  return evidence;
}

// Samples of ALERTS, in seconds after the window's begin.
inline Series alert_series(const std::string& state, double from, double to, const std::string& name = "HighErrors") {
  return steady({{"__name__", "ALERTS"}, {"alertname", name}, {"alertstate", state}, {"layer", "application"}}, 1, 1,
                from, to);
}

// A gate over a load whose two layers that evidence has.
inline GateSpec layers() {
  GateSpec spec;
  spec.layers = {"application", "node"};
  spec.during = {"load"};
  return spec;
}

inline Proof proof_of(const GateJudgement& judgement, const std::string& id) {
  for (const auto& proof : judgement.proofs) {
    if (proof.id == id) return proof;
  }
  return {};
}

}  // namespace quietgate
