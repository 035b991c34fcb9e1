#include "stages/gate/proofs_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

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
  const auto steps = steps_of(evidence, input.step);
  if (found == 0) return "had no fresh sample in the window (renamed metric?)";
  if (found >= steps) return {};
  // A counter with labels appears with the first thing that it counts: shortly after the load began.
  const auto late = static_cast<std::size_t>(std::llround((first - evidence.begin) / input.step));
  if (first - evidence.begin <= forgiven && found + late >= steps) return {};
  return fmt::format("had no fresh sample at {} of {} steps of the window", steps - found, steps);
}

double forgiven_at_begin(const GateEvidence& evidence) {
  double scrape = 0;
  if (evidence.targets) {
    for (const auto& target : *evidence.targets) scrape = std::max(scrape, target.scrape_interval);
  }
  return std::min(std::max(5.0, 2 * (scrape + longest_interval(evidence))), evidence.length() / 2);
}

// Why this input was not there, or empty.
std::string need_problem(const GateEvidence& evidence, const InputNeed& need, double forgiven) {
  auto of = [&evidence, forgiven](const std::string& selector) -> std::string {
    auto found = evidence.inputs.find(selector);
    if (found == evidence.inputs.end()) return "was not queried";
    return missing_steps(found->second, evidence, forgiven);
  };
  auto problem = of(need.selector);
  if (!problem.empty() && !need.sibling.empty()) {
    const auto missing = of(need.sibling);
    if (!missing.empty()) return fmt::format("{}, and its sibling {} {}", problem, need.sibling, missing);
    const auto known = evidence.described.find(need.metric);
    if (known == evidence.described.end())
      return problem + ", and the server was not asked whether a target describes it";
    if (!known->second) return problem + ", and " + known->second.error().message;
    if (!*known->second) return fmt::format("{}, and no target describes {}", problem, need.metric);
    return {};
  }
  if (problem.empty() || need.witness.empty()) return problem;
  // The rule asks for the wider one, too, which says the same in fewer words.
  if (!of(need.wider).empty()) return {};
  const auto missing = of(need.witness);
  return missing.empty() ? missing : fmt::format("{}, and {} {}", problem, need.witness, missing);
}

}  // namespace

Finding prove_inputs(const GateEvidence& evidence) {
  Finding finding;
  const double forgiven = forgiven_at_begin(evidence);
  std::map<std::string, std::vector<std::string>> askers;  // what is wrong -> names of rules
  std::vector<std::string> order;
  std::set<std::string> selectors;
  for (const auto& need : input_needs(evidence.rules)) {
    const auto& rule = evidence.rules[need.rule];
    auto problem = need.problem.empty() ? need_problem(evidence, need, forgiven) : need.problem;
    if (!need.selector.empty()) selectors.insert(need.selector);
    if (problem.empty()) continue;
    finding.unreliable.emplace(rule.group, rule.name);
    auto sentence = need.problem.empty() ? fmt::format("asks for {}, which {}", need.selector, problem) : need.problem;
    auto& names = askers[sentence];
    if (names.empty()) order.push_back(sentence);
    if (std::find(names.begin(), names.end(), rule.name) == names.end()) names.push_back(rule.name);
  }
  for (const auto& sentence : order) {
    const auto& names = askers[sentence];
    finding.problems.push_back(
        fmt::format("{}{} {}", names.front(),
                    names.size() > 1 ? fmt::format(" (and {} more)", names.size() - 1) : std::string(), sentence));
  }
  auto done = conclude(
      "P6", "inputs present", std::move(finding.problems),
      fmt::format("{} had samples over {}", count_text(selectors.size(), "selector"), span_text(evidence.length())));
  done.unreliable = std::move(finding.unreliable);
  return done;
}

}  // namespace quietgate
