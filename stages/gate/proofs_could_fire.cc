#include "stages/gate/proofs_could_fire.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stages/gate/firing_needs.h"
#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

// Why the rule needs longer than the window, or empty. Raises `most` to what it needs.
std::string too_short(const GateEvidence& evidence, const ExpectedRule& rule, double interval, double scrape,
                      double past, double& most) {
  if (std::isinf(past))
    return fmt::format("{} could not have fired: it looks at one fixed moment (`@`), not at the window", rule.name);
  const double needed = rule.duration + 2 * interval + scrape + past;
  most = std::max(most, needed);
  if (evidence.length() >= needed) return {};
  return fmt::format(
      "{} could not have fired: it needs {} (`for` {} + 2 evaluations of {} + a scrape of {}{}), and the window lasts "
      "{}",
      rule.name, span_text(needed), span_text(rule.duration), span_text(interval), span_text(scrape),
      past > 0 ? fmt::format(" + its offset of {}", span_text(past)) : "", span_text(evidence.length()));
}

// The same as it happened: always pending, each time as somebody else.
std::string never_completed(const GateEvidence& evidence, const ExpectedRule& rule) {
  if (!evidence.alerts || rule.duration <= 0) return {};
  std::map<double, std::vector<const Series*>> moments;
  for (const auto& series : *evidence.alerts) {
    const auto name = series.labels.find("alertname");
    if (name == series.labels.end() || name->second != rule.name) continue;
    const auto state = series.labels.find("alertstate");
    if (state != series.labels.end() && state->second == "firing") return {};
    for (const auto& sample : series.samples) {
      if (sample.time >= evidence.begin && sample.time <= evidence.judged) moments[sample.time].push_back(&series);
    }
  }
  const double interval = interval_of(evidence, rule.group);
  std::set<const Series*> who, most;
  double first = 0, last = 0, longest = 0;
  for (const auto& [time, series] : moments) {
    if (who.empty() || time - last > 1.5 * interval) {
      who.clear();
      first = time;
    }
    last = time;
    who.insert(series.begin(), series.end());
    if (last - first < longest) continue;
    longest = last - first;
    most = who;
  }
  if (most.size() < 2 || longest < rule.duration + 2 * interval) return {};
  return fmt::format(
      "{} was pending for {} without a break, under {} sets of labels: none of them lasted for its `for` of {}",
      rule.name, span_text(longest), most.size(), span_text(rule.duration));
}

}  // namespace

Finding prove_could_fire(const GateEvidence& evidence) {
  Finding finding;
  double scrape = 0;
  if (evidence.targets) {
    for (const auto& target : *evidence.targets) scrape = std::max(scrape, target.scrape_interval);
  }
  const auto past = past_by_rule(evidence.rules);
  const GroupIntervals intervals(evidence);
  double most = 0;
  for (std::size_t i = 0; i < evidence.rules.size(); ++i) {
    const auto& rule = evidence.rules[i];
    if (!in_scope(rule)) continue;
    const auto behind = past.find(i);
    auto problem =
        too_short(evidence, rule, intervals.of(rule.group), scrape, behind == past.end() ? 0 : behind->second, most);
    if (problem.empty()) problem = changing_label(rule);
    if (problem.empty()) problem = never_completed(evidence, rule);
    if (problem.empty()) continue;
    finding.unreliable.emplace(rule.group, rule.name);
    finding.problems.push_back(std::move(problem));
  }
  auto done = conclude("P8", "rules could fire in time", std::move(finding.problems),
                       fmt::format("the slowest needs {} of {}", span_text(most), span_text(evidence.length())));
  done.unreliable = std::move(finding.unreliable);
  return done;
}

}  // namespace quietgate
