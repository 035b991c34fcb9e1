// P5, P6: that the rules were evaluated all the time, and had what they ask for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stages/metrics/proofs.h"

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
  if (samples.size() < 2) return fmt::format("the heartbeat of group {} does not reach over the window", group);
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
        return fmt::format("Prometheus' own metrics of group {} don't reach over the window ({})", group, how);
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

std::string missing_steps(const InputCount& input, const GateEvidence& evidence, double forgiven) {
  if (!input.counts) return "could not be read: " + input.counts.error().message;
  std::size_t found = 0;
  double first = 0;
  for (const auto& series : *input.counts) {
    for (const auto& sample : series.samples) {
      if (!(sample.value >= 1)) continue;
      if (found++ == 0) first = sample.time;
    }
  }
  const auto steps =
      static_cast<std::size_t>(std::floor((evidence.end - evidence.begin) / input.step + 1e-6)) + std::size_t{1};
  if (found == 0) return "had no fresh number in the window (renamed metric?)";
  if (found >= steps) return {};
  // A counter with labels appears with the first thing that it counts: shortly after the load began.
  const auto late = static_cast<std::size_t>(std::llround((first - evidence.begin) / input.step));
  if (first - evidence.begin <= forgiven && found + late >= steps) return {};
  return fmt::format("had no fresh number at {} of {} steps of the window", steps - found, steps);
}

double forgiven_at_begin(const GateEvidence& evidence) {
  double scrape = 0;
  if (evidence.targets) {
    for (const auto& target : *evidence.targets) scrape = std::max(scrape, target.scrape_interval);
  }
  return std::min(std::max(5.0, 2 * (scrape + longest_interval(evidence))), evidence.length() / 2);
}

// Why this input was not there, or empty.
std::string need_problem(const GateEvidence& evidence, const InputNeed& need) {
  auto of = [&evidence](const std::string& selector) -> std::string {
    auto found = evidence.inputs.find(selector);
    if (found == evidence.inputs.end()) return "was not asked";
    return missing_steps(found->second, evidence, forgiven_at_begin(evidence));
  };
  auto problem = of(need.selector);
  if (problem.empty() || need.witness.empty()) return problem;
  // The rule asks for the wider one, too, which says the same in fewer words.
  if (!of(need.wider).empty()) return {};
  const auto missing = of(need.witness);
  return missing.empty() ? missing : fmt::format("{}, and {} {}", problem, need.witness, missing);
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
      if (rule.group == group || rule.group == first->second) finding.dead.emplace(rule.group, rule.name);
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
  for (const auto& rule : evidence.rules) groups.insert(rule.group);
  find_shared_beats(evidence, groups, finding);
  for (const auto& group : groups) {
    const auto key = files[group] + ";" + group;
    const auto beat = heartbeat_of(evidence.rules, group);
    auto problem = beat.empty() ? counter_problem(evidence, group, key) : heartbeat_problem(evidence, group, beat);
    if (problem.empty()) problem = moved_problem(evidence.missed, evidence, group, key, "missed an evaluation");
    if (problem.empty()) problem = moved_problem(evidence.failures, evidence, group, key, "failed to evaluate a rule");
    if (with_label(evidence.failures, "rule_group", key).empty()) failures_seen = false;
    if (problem.empty()) continue;
    finding.problems.push_back(std::move(problem));
    for (const auto& rule : evidence.rules) {
      if (rule.group == group) finding.dead.emplace(group, rule.name);
    }
  }
  if (groups.empty()) finding.problems.emplace_back("there is no rule group");
  auto done = conclude("P5", "rules evaluated without a gap", std::move(finding.problems),
                       fmt::format("{} groups over {}{}", groups.size(), span_text(evidence.length()),
                                   failures_seen ? ", no evaluation failed" : ""));
  done.dead = std::move(finding.dead);
  return done;
}

Finding prove_inputs(const GateEvidence& evidence) {
  Finding finding;
  std::map<std::string, std::vector<std::string>> askers;  // what is wrong -> names of rules
  std::vector<std::string> order;
  std::set<std::string> selectors;
  for (const auto& need : input_needs(evidence.rules)) {
    const auto& rule = evidence.rules[need.rule];
    auto problem = need.problem.empty() ? need_problem(evidence, need) : need.problem;
    if (!need.selector.empty()) selectors.insert(need.selector);
    if (problem.empty()) continue;
    finding.dead.emplace(rule.group, rule.name);
    auto sentence = need.problem.empty() ? fmt::format("{}, which {}", need.selector, problem) : need.problem;
    auto& names = askers[sentence];
    if (names.empty()) order.push_back(sentence);
    if (std::find(names.begin(), names.end(), rule.name) == names.end()) names.push_back(rule.name);
  }
  for (const auto& sentence : order) {
    const auto& names = askers[sentence];
    finding.problems.push_back(
        fmt::format("{}{} asks for {}", names.front(),
                    names.size() > 1 ? fmt::format(" (and {} more)", names.size() - 1) : std::string(), sentence));
  }
  auto done = conclude("P6", "inputs present", std::move(finding.problems),
                       fmt::format("{} selectors had samples over {}", selectors.size(), span_text(evidence.length())));
  done.dead = std::move(finding.dead);
  return done;
}

}  // namespace quietgate
