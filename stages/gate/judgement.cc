// QUIET, LAYER, and what all proofs add up to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stages/attempt/measurements.h"
#include "stages/gate/proofs.h"

namespace quietgate {

namespace {

constexpr std::size_t most_shown = 5;

// Causes before their effects: what a person reads first.
constexpr std::array decisive{"WINDOW", "P1", "P2",  "P3",       "P4",    "P7",    "P6",   "P5",
                              "P8",     "P9", "P10", "DELIVERY", "MUTED", "LAYER", "QUIET"};

std::string shown(const std::vector<std::string>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < most_shown; ++i) text += (i > 0 ? "; " : "") + problems[i];
  if (problems.size() > most_shown) text += fmt::format("; and {} more", problems.size() - most_shown);
  return text;
}

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
  if (auto value = evidence.values.find(value_key(episode)); value != evidence.values.end())
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
  for (const auto& seen : evidence.seen) {
    auto same = [&seen](const auto& other) { return other.rule == seen.rule; };
    const auto now = active_now(evidence, "firing");
    if (std::any_of(firings.begin(), firings.end(), same) ||
        std::any_of(now.begin(), now.end(), [&](const auto& active) { return active.first->name == seen.rule; }))
      continue;
    problems.push_back(
        fmt::format("{} was firing since {}, value {:.4g}", seen.rule, clock_time(seen.since), seen.value));
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

// A waived proof is told with its problem and decides nothing. What it doubts is no longer in doubt for LAYER either.
void waive(const std::map<std::string, std::string>& waivers, std::vector<Finding>& findings) {
  for (auto& finding : findings) {
    const auto waiver = waivers.find(finding.proof.id);
    if (waiver == waivers.end() || finding.problems.empty()) continue;
    finding.proof.waived = waiver->second;
    finding.problems.clear();
    finding.dead.clear();
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
                     gapless ? "were evaluated without a gap" : "were watched, their evaluation unproved,",
                     span_text(evidence.length()),
                     missed ? "firing (some were pending for a while: see QUIET)" : "pending or firing", waived);
}

std::string first_and_more(const Finding& finding) {
  auto text = finding.problems.front();
  if (finding.problems.size() > 1) text += fmt::format(" (and {} more)", finding.problems.size() - 1);
  return text;
}

}  // namespace

std::string clock_time(double seconds) {
  return iso_time(Time(Milliseconds(std::llround(seconds * 1000)))).substr(11, 8) + "Z";
}

std::string count_text(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string span_text(double seconds) {
  if (!std::isfinite(seconds)) return "no time";
  return human_duration(Milliseconds(std::llround(seconds * 1000)));
}

Finding conclude(std::string id, std::string name, std::vector<std::string> problems, std::string detail) {
  Finding finding;
  finding.proof.id = std::move(id);
  finding.proof.name = std::move(name);
  finding.proof.verdict = problems.empty() ? GateVerdict::quiet : GateVerdict::blind;
  finding.proof.detail = problems.empty() ? std::move(detail) : shown(problems);
  finding.problems = std::move(problems);
  return finding;
}

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
  if (scoped == 0 && problems.empty()) problems.emplace_back("there is no alert that could have fired");
  const auto missed = near_misses(episodes);
  auto finding =
      conclude("QUIET", name, std::move(problems),
               fmt::format("{}, none fired from {} to {}{}", count_text(static_cast<std::size_t>(scoped), "alert"),
                           clock_time(evidence.begin), clock_time(evidence.judged),
                           missed.empty() ? "" : "; near misses: " + shown(missed)));
  finding.near_misses = missed.size();
  if (loud) finding.proof.verdict = GateVerdict::loud;
  return finding;
}

Finding prove_layers(const std::vector<std::string>& layers, const GateEvidence& evidence,
                     const std::vector<Finding>& others, bool without_rules) {
  std::vector<std::string> problems;
  std::string detail;
  const LoadedIndex loaded(evidence);
  for (const auto& layer : layers) {
    int live = 0, dead = 0;
    for (const auto& rule : evidence.rules) {
      auto label = rule.labels.find("layer");
      if (!in_scope(rule) || label == rule.labels.end() || label->second != layer) continue;
      const bool doubtful = (!without_rules && loaded.as(rule).empty()) ||
                            std::any_of(others.begin(), others.end(), [&](const Finding& other) {
                              return other.dead.contains({rule.group, rule.name});
                            });
      ++(doubtful ? dead : live);
    }
    detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", layer, live);
    if (live > 0) continue;
    problems.push_back(fmt::format("no live rule of layer \"{}\"", layer) +
                       (dead > 0 ? fmt::format(" ({} are in the commit and none can be relied on)", dead)
                                 : std::string(" (no alert is labelled with it)")));
  }
  return conclude("LAYER", "every layer has a live rule", std::move(problems), std::move(detail));
}

GateJudgement judge_gate(const GateSpec& spec, const GateEvidence& evidence) {
  const bool without_rules = spec.waivers.contains("P3");
  std::vector<Finding> findings{prove_server(evidence),  prove_clocks(evidence),    prove_loaded(evidence),
                                prove_healthy(evidence), prove_evaluated(evidence), prove_inputs(evidence),
                                prove_targets(evidence), prove_able(evidence)};
  if (auto watched = prove_watchdog(evidence)) findings.push_back(std::move(*watched));
  if (auto heard = prove_synthetic(evidence)) findings.push_back(std::move(*heard));
  waive(spec.waivers, findings);
  if (auto delivered = prove_delivery(spec, evidence)) findings.push_back(std::move(*delivered));
  if (!spec.layers.empty()) findings.push_back(prove_layers(spec.layers, evidence, findings, without_rules));
  if (auto muted = tell_muted(evidence, spec.during.empty())) findings.push_back(std::move(*muted));
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
      {"WINDOW", "`during` of the gate must name stages that ran to their end"},
      {"SCRAPE", "see why the target could not be scraped, or the rule not evaluated, and release again"},
      {"ENVIRONMENT", "test the commit anew, as a run of its own: quietgate retry RUN"},
      {"P1", "make sure that Prometheus runs through the whole run, untouched, and run again"},
      {"P2", "let both machines follow the same time source"},
      {"P3", "load exactly the rule files that `rules:` of the gate names, from the same commit"},
      {"P4", "correct the rule; `promtool test rules` shows such errors before the push"},
      {"P7", "see why the target could not be scraped, and run again"},
      {"P6", "correct the metric's name or labels in the rule, or make the service export it from its start"},
      {"P5", "give each rule group a heartbeat as its last rule, and Prometheus enough processor time"},
      {"P9", "keep GateWatchdog (`expr: vector(1)`, no `for`) among the rules that Prometheus loads"},
      {"P10",
       "let this Prometheus scrape the runner's /metrics, with the labels that it gives (QUIETGATE_METRICS names the "
       "address), or waive P10 with a reason"},
      {"DELIVERY", "route GateWatchdog to the runner's webhook, with a `repeat_interval` shorter than `within`"},
      {"P8", "let the load or `quiet_for` last longer, or shorten the rule's `for`"},
      {"MUTED", "end the silence or the inhibition, or leave `alertmanager` out"},
      {"LAYER", "add an alerting rule with this `layer` label, or correct the ones there are"},
      {"QUIET", "make sure that Prometheus answers, and run again"}};
  if (judgement.verdict == GateVerdict::quiet) return {};
  if (judgement.verdict == GateVerdict::loud) {
    return "find what the alert saw in the stage's log and the run's measurements; correct it and push again";
  }
  for (const auto& [id, what] : advice) {
    for (const auto& proof : judgement.proofs) {
      if (proof.id == id && proof.verdict == GateVerdict::blind && proof.waived.empty()) return std::string(what);
    }
  }
  return {};
}

}  // namespace quietgate
