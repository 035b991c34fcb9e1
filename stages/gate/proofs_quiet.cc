#include "stages/gate/proofs_quiet.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/attempt/measurements.h"
#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

const ExpectedRule* scoped_rule(const GateEvidence& evidence, const std::string& name) {
  for (const auto& rule : evidence.rules) {
    if (rule.name == name && in_scope(rule)) return &rule;
  }
  return nullptr;
}

std::vector<Episode> scoped_episodes(const GateEvidence& evidence) {
  if (!evidence.alerts) return {};
  auto interval = [&evidence](const std::string& name) {
    const auto* rule = scoped_rule(evidence, name);
    return rule == nullptr ? longest_interval(evidence) : interval_of(evidence, rule->group);
  };
  auto all = episodes_of(*evidence.alerts, interval, evidence.judged);
  std::erase_if(all, [&](const Episode& episode) {
    const auto* rule = scoped_rule(evidence, episode.rule);
    return rule == nullptr || episode.last < evidence.begin - interval_of(evidence, rule->group);
  });
  return all;
}

std::string firing_sentence(const GateEvidence& evidence, const Episode& episode, bool still) {
  const double interval = interval_of(evidence, scoped_rule(evidence, episode.rule)->group);
  const double from = *episode.firing_from;
  std::string text = fmt::format("{} was firing for {} from {}", episode.name(),
                                 span_text(std::max(episode.firing_until - from, interval)), clock_time(from));
  if (auto value = evidence.firing_values.find(value_key(episode)); value != evidence.firing_values.end())
    text += fmt::format(", value {:.4g}", value->second);
  if (still) text += ", and still is";
  if (episode.first < evidence.begin)
    text += fmt::format(" (a dirty start: it was active at {}, before the window began at {})",
                        clock_time(episode.first), clock_time(evidence.begin));
  return text;
}

// In-scope alerts of /api/v1/rules now in this state.
std::vector<std::pair<const LoadedRule*, const ActiveAlert*>> active_now(const GateEvidence& evidence,
                                                                         const std::string& state) {
  std::vector<std::pair<const LoadedRule*, const ActiveAlert*>> found;
  if (!evidence.loaded) return found;
  for (const auto& rule : *evidence.loaded) {
    if (!rule.alerting || rule.alerts.empty() || scoped_rule(evidence, rule.name) == nullptr) continue;
    for (const auto& alert : rule.alerts) {
      if (alert.state == state) found.emplace_back(&rule, &alert);
    }
  }
  return found;
}

// Firing by the rules' own word although ALERTS has no sample of it.
std::vector<std::string> firing_without_samples(const GateEvidence& evidence, const std::vector<Episode>& firings) {
  std::vector<std::string> problems;
  for (const auto& seen : evidence.polled_firings) {
    auto same = [&seen](const auto& other) { return other.rule == seen.rule; };
    const auto now = active_now(evidence, "firing");
    if (std::any_of(firings.begin(), firings.end(), same) ||
        std::any_of(now.begin(), now.end(), [&](const auto& active) { return active.first->name == seen.rule; }))
      continue;
    problems.push_back(
        fmt::format("{} fired, active since {}, value {:.4g}", seen.rule, clock_time(seen.since), seen.value));
  }
  for (const auto& [rule, alert] : active_now(evidence, "firing")) {
    const bool known =
        std::any_of(firings.begin(), firings.end(), [name = rule->name](const Episode& e) { return e.rule == name; });
    if (!known)
      problems.push_back(
          fmt::format("{} is firing since {}, value {:.4g}", rule->name, clock_time(alert->active_at), alert->value));
  }
  return problems;
}

// Pending at the end by the samples alone.
std::vector<std::string> pending_by_samples(const GateEvidence& evidence, const std::vector<Episode>& episodes) {
  std::vector<std::string> problems;
  for (const auto& episode : episodes) {
    const double interval = interval_of(evidence, scoped_rule(evidence, episode.rule)->group);
    if (episode.firing_from || episode.first > evidence.end || episode.last < evidence.judged - 1.5 * interval)
      continue;
    problems.push_back(fmt::format("{} was still pending {} after the window, since {}", episode.name(),
                                   span_text(evidence.judged - evidence.end), clock_time(episode.first)));
  }
  return problems;
}

std::vector<std::string> near_misses(const std::vector<Episode>& episodes) {
  std::vector<std::string> all;
  for (const auto& episode : episodes) {
    if (!episode.firing_from)
      all.push_back(fmt::format("{} was pending for {} from {} and cleared", episode.name(),
                                span_text(episode.last - episode.first), clock_time(episode.first)));
  }
  return all;
}

}  // namespace

std::string value_key(const Episode& episode) {
  return episode.rule + format_labels(episode.labels);
}

std::vector<Episode> firings_of(const GateEvidence& evidence) {
  auto all = scoped_episodes(evidence);
  std::erase_if(all, [](const Episode& episode) { return !episode.firing_from; });
  return all;
}

Finding prove_quiet(const GateEvidence& evidence, bool without_rules) {
  const std::string name = "no alert pending or firing";
  if (!evidence.alerts) return conclude("QUIET", name, {evidence.alerts.error().message}, {});
  const auto episodes = scoped_episodes(evidence);
  const auto firings = firings_of(evidence);
  const auto firing_now = active_now(evidence, "firing");
  std::vector<std::string> problems;
  for (const auto& episode : firings) {
    const bool still = std::any_of(firing_now.begin(), firing_now.end(),
                                   [&](const auto& active) { return active.first->name == episode.rule; });
    problems.push_back(firing_sentence(evidence, episode, still));
  }
  for (auto& problem : firing_without_samples(evidence, firings)) problems.push_back(std::move(problem));
  for (const auto& [rule, alert] : active_now(evidence, "pending")) {
    if (alert->active_at > evidence.end) continue;
    problems.push_back(fmt::format("{} was still pending {} after the window, since {}", rule->name,
                                   span_text(evidence.judged - evidence.end), clock_time(alert->active_at)));
  }
  if (!evidence.loaded && without_rules) {
    for (auto& problem : pending_by_samples(evidence, episodes)) problems.push_back(std::move(problem));
  }
  const bool loud = !problems.empty();
  if (!evidence.loaded && !without_rules && !loud) problems.push_back(evidence.loaded.error().message);
  const auto scoped = std::count_if(evidence.rules.begin(), evidence.rules.end(), in_scope);
  if (scoped == 0 && problems.empty()) problems.emplace_back("the rules have no alert that could fire");
  const auto missed = near_misses(episodes);
  auto finding =
      conclude("QUIET", name, std::move(problems),
               fmt::format("{}, none fired from {} to {}{}", count_text(static_cast<std::size_t>(scoped), "alert"),
                           clock_time(evidence.begin), clock_time(evidence.judged),
                           missed.empty() ? "" : "; near misses: " + list_text(missed)));
  finding.near_misses = missed.size();
  if (loud) finding.proof.verdict = GateVerdict::loud;
  return finding;
}

}  // namespace quietgate
