#include "stages/gate/evidence_gathering.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "stages/gate/input_gathering.h"
#include "stages/gate/proofs_quiet.h"
#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

constexpr double look_back = 60;        // seconds before the window, to see what was there when it began
constexpr std::size_t most_values = 3;  // alerts whose first value is looked up

// What rules of one name ask for here and there, where that isn't the same letter by letter.
std::set<std::string> differing_queries(const GateEvidence& evidence) {
  std::map<std::tuple<std::string, std::string, bool>, std::vector<const std::string*>> loaded;
  for (const auto& rule : *evidence.loaded) loaded[{rule.group, rule.name, rule.alerting}].push_back(&rule.query);
  std::set<std::string> differing;
  for (const auto& rule : evidence.rules) {
    const auto& namesakes = loaded[{rule.group, rule.name, rule.alerting}];
    if (!namesakes.empty() &&
        std::all_of(namesakes.begin(), namesakes.end(), [&](const auto* query) { return *query == rule.query; }))
      continue;
    differing.insert(rule.query);
    for (const auto* query : namesakes) differing.insert(*query);
  }
  return differing;
}

bool is_part_of(Labels part, const Labels& whole) {
  part.erase("__name__");
  return std::all_of(part.begin(), part.end(), [&whole](const auto& label) {
    auto found = whole.find(label.first);
    return found != whole.end() && found->second == label.second;
  });
}

}  // namespace

Task<void> EvidenceGathering::gather_rules(GateEvidence& evidence) {
  if (!evidence.loaded) co_return;
  const auto differing = differing_queries(evidence);
  for (const auto& rule : evidence.rules) {
    if (!differing.contains(rule.query)) evidence.canonical.emplace(rule.query, rule.query);
  }
  for (const auto& query : differing) {
    if (evidence.canonical.contains(query)) continue;
    auto formatted = co_await server_.format_query(query);
    evidence.canonical.emplace(query, std::move(formatted));
  }
}

Task<void> EvidenceGathering::gather_targets(GateEvidence& evidence) {
  auto up = "min_over_time(up" + range_text(std::max(0.001, evidence.length())) + ")";
  evidence.lowest_up = co_await server_.query_at(std::move(up), evidence.end);
  evidence.targets = co_await server_.targets();
}

Task<void> EvidenceGathering::gather_evaluations(GateEvidence& evidence) {
  const auto range = range_text(evidence.judged - evidence.begin + std::max(look_back, 3 * longest_interval(evidence)));
  evidence.heartbeats = co_await server_.query_at("gate:heartbeat" + range, evidence.judged);
  evidence.iterations = co_await server_.query_at("prometheus_rule_group_iterations_total" + range, evidence.judged);
  evidence.missed = co_await server_.query_at("prometheus_rule_group_iterations_missed_total" + range, evidence.judged);
  evidence.failures = co_await server_.query_at("prometheus_rule_evaluation_failures_total" + range, evidence.judged);
}

Task<void> EvidenceGathering::gather_alerts(GateEvidence& evidence) {
  // A synthetic fault was up for a scrape, two evaluations and some seconds, before it ended just before the window.
  const double before = std::max(look_back, 6 * longest_interval(evidence));
  evidence.alerts = co_await server_.query_at(
      "ALERTS{alertstate=~\"pending|firing\"}" + range_text(evidence.judged - evidence.begin + before),
      evidence.judged);
}

// What an alert's expression gave when it began to fire, for the sentence.
Task<void> EvidenceGathering::gather_values(GateEvidence& evidence) {
  auto firings = firings_of(evidence);
  if (firings.size() > most_values) firings.resize(most_values);
  for (const auto& episode : firings) {
    std::string query;
    for (const auto& rule : evidence.rules) {
      if (rule.name == episode.rule && rule.alerting) query = rule.query;
    }
    auto answer = co_await server_.query_at(query, *episode.firing_from);
    if (!answer) continue;
    for (const auto& one : *answer) {
      if (is_part_of(one.labels, episode.labels) && !one.samples.empty())
        evidence.firing_values[value_key(episode)] = one.samples.back().value;
    }
  }
}

Task<void> EvidenceGathering::gather(GateEvidence& evidence) {
  co_await server_.check_presence();
  evidence.clocks = co_await server_.compare_clocks();
  if (!evidence.loaded) evidence.loaded = co_await server_.rules();
  co_await gather_samples(evidence);
  // Once more: what fires by now fires, whatever the samples say.
  auto again = co_await server_.rules();
  evidence.loaded = std::move(again);
  co_await gather_values(evidence);
  evidence.after = co_await server_.status();
}

Task<void> EvidenceGathering::gather_so_far(GateEvidence& evidence) {
  co_await server_.check_presence();
  evidence.clocks = co_await server_.compare_clocks();
  co_await gather_samples(evidence);
  co_await gather_values(evidence);
  evidence.after = co_await server_.status();
}

Task<void> EvidenceGathering::gather_samples(GateEvidence& evidence) {
  co_await gather_rules(evidence);
  co_await gather_targets(evidence);
  InputGathering inputs(server_, evidence);
  co_await inputs.gather();
  auto time = co_await server_.now();
  evidence.judged = time ? *time : evidence.end;
  co_await gather_evaluations(evidence);
  co_await gather_alerts(evidence);
}

}  // namespace quietgate
