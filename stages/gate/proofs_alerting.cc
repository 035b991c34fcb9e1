#include "stages/gate/proofs_alerting.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/gate/alert_episodes.h"
#include "stages/gate/proof_text.h"
#include "stages/gate/proofs_quiet.h"

namespace quietgate {

namespace {

constexpr double clock_slack = 5;  // seconds

constexpr const char* watchdog = "GateWatchdog";
constexpr std::size_t most_silences = 3;

const ExpectedRule* alert_named(const std::vector<ExpectedRule>& rules, const char* name) {
  for (const auto& rule : rules) {
    if (rule.alerting && rule.name == name) return &rule;
  }
  return nullptr;
}

// The watchdog's stretch of firing that begins no later than the window and reaches the furthest.
std::optional<Episode> longest_watch(const GateEvidence& evidence, double interval) {
  std::optional<Episode> best;
  for (auto& episode : episodes_of(
           *evidence.alerts, [interval](const std::string&) { return interval; }, evidence.judged)) {
    if (episode.rule != watchdog || !episode.firing_from || *episode.firing_from > evidence.begin) continue;
    if (!best || episode.firing_until > best->firing_until) best = std::move(episode);
  }
  return best;
}

std::string told(const Silence& silence, const std::string& rule) {
  return fmt::format("silence {} of {} (`{}`, until {}) mutes {}", silence.id.substr(0, 8), silence.created_by,
                     silence.comment, clock_time(silence.ends_at), rule);
}

// What Alertmanager keeps from people of what fired; then what it would keep of what did not.
std::vector<std::string> muted_alerts(const GateEvidence& evidence, const Muting& muting) {
  std::vector<std::string> all;
  for (const auto& episode : firings_of(evidence)) {
    auto labels = episode.labels;
    labels["alertname"] = episode.rule;
    for (const auto& silence : muting.silences) {
      if (silences(silence, labels)) all.push_back(told(silence, episode.name() + ", which fired"));
    }
    for (const auto& held : muting.alerts) {
      if (held.labels == labels && !held.inhibited_by.empty())
        all.push_back("an inhibition mutes " + episode.name() + ", which fired");
    }
  }
  if (!all.empty()) return all;
  for (const auto& rule : evidence.rules) {
    if (!in_scope(rule)) continue;
    Labels labels;
    for (const auto& [name, value] : rule.labels) {
      if (value.find("{{") == std::string::npos) labels[name] = value;
    }
    labels["alertname"] = rule.name;
    for (const auto& silence : muting.silences) {
      if (may_silence(silence, labels)) all.push_back(told(silence, rule.name));
    }
  }
  return all;
}

}  // namespace

std::optional<Finding> prove_watchdog(const GateEvidence& evidence) {
  const auto* rule = alert_named(evidence.rules, watchdog);
  if (rule == nullptr) return std::nullopt;
  const std::string name = "the watchdog fired throughout";
  if (!evidence.alerts) return conclude("P9", name, {evidence.alerts.error().message}, {});
  const double interval = interval_of(evidence, rule->group);
  const auto watch = longest_watch(evidence, interval);
  std::vector<std::string> problems;
  if (!watch) {
    problems.push_back(
        fmt::format("{} was not firing when the window began at {}", watchdog, clock_time(evidence.begin)));
  } else if (watch->firing_until < evidence.end) {
    problems.push_back(fmt::format("{} stopped firing at {}, before the window ended at {}", watchdog,
                                   clock_time(watch->firing_until), clock_time(evidence.end)));
  }
  return conclude("P9", name, std::move(problems),
                  watch ? fmt::format("from {} to {}", clock_time(*watch->firing_from), clock_time(watch->firing_until))
                        : std::string());
}

const ExpectedRule* synthetic_of(const std::vector<ExpectedRule>& rules) {
  return alert_named(rules, synthetic_fault_alert);
}

bool is_of_run(const Labels& labels, const RunId& run) {
  const auto fits = [&labels](const char* name, const std::string& value) {
    auto found = labels.find(name);
    return found == labels.end() || found->second == value;
  };
  return fits("repository", run.repository) && fits("run", std::to_string(run.number));
}

std::optional<Finding> prove_synthetic(const GateEvidence& evidence) {
  const auto* rule = synthetic_of(evidence.rules);
  if (rule == nullptr) return std::nullopt;
  const std::string name = "the synthetic fault fired and ended";
  if (!evidence.alerts) return conclude("P10", name, {evidence.alerts.error().message}, {});
  const double interval = interval_of(evidence, rule->group);
  const auto episodes = episodes_of(
      *evidence.alerts, [interval](const std::string&) { return interval; }, evidence.judged);
  std::optional<Episode> heard;
  for (const auto& episode : episodes) {
    if (episode.rule != synthetic_fault_alert || !episode.firing_from || !is_of_run(episode.labels, evidence.run))
      continue;
    // Of an earlier attempt it proves nothing about the way as it is now.
    if (*episode.firing_from < evidence.fault_raised - clock_slack) continue;
    if (*episode.firing_from < evidence.begin) heard = episode;
  }
  std::vector<std::string> problems;
  if (!heard) {
    problems.push_back(fmt::format("{} did not fire before the window began at {}", synthetic_fault_alert,
                                   clock_time(evidence.begin)));
  } else if (heard->last >= evidence.begin) {
    problems.push_back(fmt::format("{} was still active when the window began at {}", synthetic_fault_alert,
                                   clock_time(evidence.begin)));
  }
  return conclude(
      "P10", name, std::move(problems),
      heard ? fmt::format("fired at {}, ended after {}", clock_time(*heard->firing_from), clock_time(heard->last))
            : std::string());
}

std::optional<Finding> prove_delivery(const GateSpec& spec, const GateEvidence& evidence) {
  if (spec.watchdog.empty()) return std::nullopt;
  const std::string name = "Alertmanager delivers pages";
  const auto where = "/api/v1/watchdogs/" + spec.watchdog;
  const double within = static_cast<double>(spec.watchdog_within.count()) / 1000;
  if (!evidence.watchdog_delivered)
    return conclude("DELIVERY", name, {"no watchdog was delivered to " + where + " since this service started"}, {});
  const double at = static_cast<double>(evidence.watchdog_delivered->time_since_epoch().count()) / 1000;
  const double age = evidence.delivery_asked - at;
  std::vector<std::string> problems;
  if (age < -clock_slack)
    problems.push_back(fmt::format("the last watchdog came to {} at {}, which is in the future: the clock was set back",
                                   where, clock_time(at)));
  if (age > within)
    problems.push_back(fmt::format("the last watchdog came to {} {} ago, at {}; the gate asks for one within {}", where,
                                   span_text(age), clock_time(at), span_text(within)));
  return conclude("DELIVERY", name, std::move(problems), fmt::format("last at {}", clock_time(at)));
}

std::optional<Finding> prove_not_muted(const GateEvidence& evidence, bool blinds) {
  if (!evidence.muting) return std::nullopt;
  const std::string name = "what Alertmanager mutes";
  const auto told = [&](std::string detail) {
    std::vector<std::string> problems;
    if (blinds) problems.push_back(detail);
    return conclude("MUTED", name, std::move(problems), std::move(detail));
  };
  if (!*evidence.muting) return told("not known: " + evidence.muting->error().message);
  const auto& muting = **evidence.muting;
  auto all = muted_alerts(evidence, muting);
  if (all.empty())
    return conclude("MUTED", name, {},
                    fmt::format("nothing; {} in force", count_text(muting.silences.size(), "silence")));
  std::string detail;
  for (std::size_t i = 0; i < all.size() && i < most_silences; ++i) detail += (i > 0 ? "; " : "") + all[i];
  if (all.size() > most_silences) detail += fmt::format("; and {} more", all.size() - most_silences);
  return told(std::move(detail));
}

}  // namespace quietgate
