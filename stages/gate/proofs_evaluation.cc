#include "stages/gate/proofs_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

// The samples that reach over the window: from the last at or before its begin to the first at or after its end. Empty
// when it is not covered.
std::vector<Sample> covering(const std::vector<Sample>& samples, double begin, double end) {
  auto first = std::upper_bound(samples.begin(), samples.end(), begin,
                                [](double time, const Sample& sample) { return time < sample.time; });
  auto last = std::lower_bound(samples.begin(), samples.end(), end,
                               [](const Sample& sample, double time) { return sample.time < time; });
  if (first == samples.begin() || last == samples.end()) return {};
  return {first - 1, last + 1};
}

const std::string& label(const Series& series, const std::string& name) {
  static const std::string none;
  auto found = series.labels.find(name);
  return found == series.labels.end() ? none : found->second;
}

std::vector<const Series*> with_label(const Result<std::vector<Series>>& all, const std::string& name,
                                      const std::string& value) {
  std::vector<const Series*> found;
  if (!all) return found;
  for (const auto& series : *all) {
    if (label(series, name) == value) found.push_back(&series);
  }
  return found;
}

// Why the group's heartbeat does not show an evaluation at least every one and a half intervals, or empty.
std::string heartbeat_problem(const GateEvidence& evidence, const std::string& group, const std::string& beat) {
  if (!evidence.heartbeats) return evidence.heartbeats.error().message;
  const auto series = with_label(evidence.heartbeats, "gate_group", beat);
  if (series.empty()) return fmt::format("group {} has no sample of gate:heartbeat in the window", group);
  if (series.size() > 1)
    return fmt::format("gate:heartbeat {{gate_group=\"{}\"}} comes from {} sources", beat, series.size());
  const auto samples = covering(series[0]->samples, evidence.begin, evidence.end);
  if (samples.size() < 2) return fmt::format("the heartbeat of group {} does not span the window", group);
  const double allowed = 1.5 * interval_of(evidence, group);
  double longest = 0, at = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double gap = samples[i].time - samples[i - 1].time;
    if (gap > longest) {
      longest = gap;
      at = samples[i - 1].time;
    }
  }
  if (longest <= allowed + 0.001) return {};
  return fmt::format("group {} was not evaluated for {} from {} (allowed {})", group, span_text(longest),
                     clock_time(at), span_text(allowed));
}

// Why a counter is no proof of standing still over the window, or empty.
std::string moved_problem(const Result<std::vector<Series>>& all, const GateEvidence& evidence,
                          const std::string& group, const std::string& key, const char* what) {
  for (const auto* series : with_label(all, "rule_group", key)) {
    const auto samples = covering(series->samples, evidence.begin, evidence.end);
    const auto& seen = samples.empty() ? series->samples : samples;
    for (std::size_t i = 1; i < seen.size(); ++i) {
      if (seen[i].value == seen[i - 1].value) continue;
      return fmt::format("group {} {} between {} and {}", group, what, clock_time(seen[i - 1].time),
                         clock_time(seen[i].time));
    }
  }
  return {};
}

// Why Prometheus' own counters don't prove that a group without a heartbeat was evaluated, or empty.
std::string counter_problem(const GateEvidence& evidence, const std::string& group, const std::string& key) {
  const auto how = fmt::format(
      "add `record: gate:heartbeat`, `expr: vector(time())`, `labels: {{gate_group: {}}}` as the group's last rule, or "
      "let Prometheus scrape itself",
      group);
  for (const auto* counters : {&evidence.iterations, &evidence.missed, &evidence.failures}) {
    if (!*counters) return counters->error().message;
    const auto series = with_label(*counters, "rule_group", key);
    if (series.empty()) {
      return fmt::format(
          "nothing proves that group {} was evaluated throughout: it has no heartbeat, and Prometheus "
          "does not scrape its own metrics ({})",
          group, how);
    }
    for (const auto* one : series) {
      if (covering(one->samples, evidence.begin, evidence.end).size() < 2)
        return fmt::format("Prometheus' own metrics of group {} don't span the window ({})", group, how);
    }
  }
  for (const auto* one : with_label(evidence.iterations, "rule_group", key)) {
    const auto samples = covering(one->samples, evidence.begin, evidence.end);
    const double evaluations = samples.back().value - samples.front().value;
    const double wanted = (samples.back().time - samples.front().time) / interval_of(evidence, group) - 1.5;
    if (!(evaluations >= wanted))
      return fmt::format("group {} was evaluated {} times instead of {}", group, evaluations, std::ceil(wanted));
  }
  return {};
}

// Why what was seen of the group while stages ran does not prove that it was evaluated throughout, or empty.
std::string observation_problem(const GateEvidence& evidence, const std::string& group, const std::string& key) {
  const auto found = evidence.evaluations.find(key);
  if (found == evidence.evaluations.end()) return fmt::format("group {} was not watched", group);
  std::vector<Sample> seen;
  for (const double at : found->second.evaluated) seen.push_back({at, 1});
  const auto samples = covering(seen, evidence.begin, evidence.end);
  if (samples.size() < 2) return fmt::format("group {} was not watched over the whole window", group);
  const double allowed = 1.5 * interval_of(evidence, group);
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double gap = samples[i].time - samples[i - 1].time;
    if (gap <= allowed + 0.001) continue;
    return fmt::format("no evaluation of group {} was observed for {} from {} (allowed {})", group, span_text(gap),
                       clock_time(samples[i - 1].time), span_text(allowed));
  }
  return {};
}

// A rule that could not be evaluated when the rules were read, or empty.
std::string unhealthy_observation(const GateEvidence& evidence, const std::string& group, const std::string& key) {
  const auto found = evidence.evaluations.find(key);
  if (found == evidence.evaluations.end()) return {};
  for (const auto& [at, problem] : found->second.unhealthy) {
    if (at < evidence.begin || at > evidence.end) continue;
    return fmt::format("a rule of group {} could not be evaluated at {}: {}", group, clock_time(at), problem);
  }
  return {};
}

// Heartbeats that several groups have: while one beats, nobody hears that another stopped.
void find_shared_beats(const GateEvidence& evidence, const std::set<std::string>& groups, Finding& finding) {
  std::map<std::string, std::string> beaters;
  for (const auto& group : groups) {
    const auto beat = heartbeat_of(evidence.rules, group);
    if (beat.empty()) continue;
    const auto [first, is_new] = beaters.emplace(beat, group);
    if (is_new) continue;
    finding.problems.push_back(
        fmt::format("groups {} and {} have the same heartbeat, gate_group \"{}\"", first->second, group, beat));
    for (const auto& rule : evidence.rules) {
      if (rule.group == group || rule.group == first->second) finding.unreliable.emplace(rule.group, rule.name);
    }
  }
}

}  // namespace

Finding prove_evaluated(const GateEvidence& evidence) {
  Finding finding;
  std::map<std::string, std::string> files;  // group -> file as the server names it
  if (evidence.loaded) {
    for (const auto& rule : *evidence.loaded) files[rule.group] = rule.file;
  }
  std::set<std::string> groups;
  bool failures_seen = true;
  int watched = 0;
  for (const auto& rule : evidence.rules) groups.insert(rule.group);
  find_shared_beats(evidence, groups, finding);
  for (const auto& group : groups) {
    const auto key = files[group] + ";" + group;
    const auto beat = heartbeat_of(evidence.rules, group);
    auto problem = beat.empty() ? counter_problem(evidence, group, key) : heartbeat_problem(evidence, group, beat);
    // Where the server's own metrics say something, that counts.
    if (beat.empty() && evidence.iterations && with_label(evidence.iterations, "rule_group", key).empty()) {
      auto unseen = observation_problem(evidence, group, key);
      if (unseen.empty()) ++watched;
      if (unseen.empty() || evidence.evaluations.contains(key)) problem = std::move(unseen);
    }
    if (problem.empty()) problem = unhealthy_observation(evidence, group, key);
    if (problem.empty()) problem = moved_problem(evidence.missed, evidence, group, key, "missed an evaluation");
    if (problem.empty()) problem = moved_problem(evidence.failures, evidence, group, key, "failed to evaluate a rule");
    if (with_label(evidence.failures, "rule_group", key).empty()) failures_seen = false;
    if (problem.empty()) continue;
    finding.problems.push_back(std::move(problem));
    for (const auto& rule : evidence.rules) {
      if (rule.group == group) finding.unreliable.emplace(group, rule.name);
    }
  }
  if (groups.empty()) finding.problems.emplace_back("there is no rule group");
  auto done =
      conclude("P5", "rules evaluated without a gap", std::move(finding.problems),
               fmt::format("{} over {}{}{}", count_text(groups.size(), "group"), span_text(evidence.length()),
                           watched > 0 ? fmt::format(", {} of them observed by reading the rules", watched) : "",
                           failures_seen ? ", no evaluation failed" : ""));
  done.unreliable = std::move(finding.unreliable);
  return done;
}

}  // namespace quietgate
