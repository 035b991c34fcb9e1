#include "stages/gate/alert_states.h"

#include <fmt/format.h>

#include <cmath>

#include "runner/base/text.h"
#include "runner/base/time.h"

namespace quietgate {

namespace {

constexpr std::size_t most_alerts = 5'000;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n-");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n-") - first + 1);
}

// The label that `{{ $labels.NAME }}` or `{{ .Labels.NAME }}` asks for; empty for any other action.
std::string label_asked(const std::string& action) {
  const auto text = trimmed(action);
  for (const std::string_view prefix : {"$labels.", ".Labels."}) {
    if (!text.starts_with(prefix)) continue;
    auto name = text.substr(prefix.size());
    const auto odd = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (odd == std::string::npos) return name;
  }
  return {};
}

// Calls `plain` with text and `action` with what stands between braces, in their order.
template <class Plain, class Action>
void walk_template(const std::string& text, Plain plain, Action action) {
  std::size_t at = 0;
  for (auto open = text.find("{{"); open != std::string::npos; open = text.find("{{", at)) {
    plain(text.substr(at, open - at));
    const auto close = text.find("}}", open);
    if (close == std::string::npos) return action(std::string());
    action(text.substr(open + 2, close - open - 2));
    at = close + 2;
  }
  plain(text.substr(at));
}

std::string expanded(const std::string& text, const Labels& series) {
  std::string result;
  walk_template(
      text, [&](const std::string& plain) { result += plain; },
      [&](const std::string& action) {
        if (auto found = series.find(label_asked(action)); found != series.end()) result += found->second;
      });
  return result;
}

Error same_alert(const ExpectedRule& rule, const Labels& labels, Milliseconds time) {
  std::string shown;
  for (const auto& [name, value] : labels) shown += (shown.empty() ? "" : ", ") + name + "=\"" + value + "\"";
  return step_error(fmt::format("at {} two series are the same alert {{{}}}: Prometheus fails such an evaluation of {}",
                                iso_time(Time(time)), shown, rule.name),
                    "let the expression keep the label that tells them apart, and don't set that label in `labels:`");
}

using Presence = std::map<Labels, std::vector<bool>>;

Result<Presence> presence_of(const ExpectedRule& rule, const EvaluationGrid& grid, const std::vector<Series>& all) {
  Presence presence;
  for (const auto& series : all) {
    auto labels = identity_of(rule, series.labels);
    auto& present = presence.try_emplace(labels, grid.count).first->second;
    if (presence.size() > most_alerts)
      return step_error(fmt::format("more than {} alerts at once", most_alerts), "aggregate in the expression");
    for (const auto& sample : series.samples) {
      const auto from_begin = milliseconds_of(sample.time) - grid.begin;
      const auto index = static_cast<std::size_t>(from_begin / grid.step);
      if (from_begin < Milliseconds{0} || from_begin % grid.step != Milliseconds{0} || index >= grid.count)
        return infrastructure_error(fmt::format("a sample at {:.3f} was not asked for", sample.time));
      if (present[index]) return same_alert(rule, labels, grid.at(index));
      present[index] = true;
    }
  }
  return presence;
}

}  // namespace

AlertProgress next_progress(AlertProgress now, bool present, Milliseconds time, Milliseconds duration,
                            Milliseconds keep_firing_for) {
  if (present) {
    now.kept = false;
    if (now.state == AlertState::inactive) {
      now.state = AlertState::pending;
      now.active_at = time;
    }
  } else {
    if (now.state != AlertState::firing) return {};
    if (!now.kept) now.keep_since = time;
    now.kept = true;
    if (time - now.keep_since >= keep_firing_for) return {};
  }
  if (now.state == AlertState::pending && time - now.active_at >= duration) now.state = AlertState::firing;
  return now;
}

std::string naming_problem(const ExpectedRule& rule) {
  for (const auto& [name, text] : rule.labels) {
    std::string problem;
    walk_template(
        text, [](const std::string&) {},
        [&, label = name](const std::string& action) {
          if (action.find("$value") != std::string::npos || action.find(".Value") != std::string::npos) {
            problem = fmt::format(
                "its label `{}` holds the value, so every evaluation begins another alert: put it in an annotation",
                label);
          } else if (label_asked(action).empty() && problem.empty()) {
            problem = fmt::format("its label `{}` is a template that only Prometheus can expand; {}", label,
                                  "`{{ $labels.NAME }}` is understood here");
          }
        });
    if (!problem.empty()) return problem;
  }
  return {};
}

Labels identity_of(const ExpectedRule& rule, const Labels& series) {
  auto labels = series;
  labels.erase("__name__");
  for (const auto& [name, text] : rule.labels) {
    auto value = expanded(text, series);
    if (value.empty())
      labels.erase(name);
    else
      labels[name] = std::move(value);
  }
  labels["alertname"] = rule.name;
  return labels;
}

Result<ChunkOutcome> evaluate_chunk(RuleProgress before, const ExpectedRule& rule, const EvaluationGrid& grid,
                                    const std::vector<Series>& series) {
  auto presence = presence_of(rule, grid, series);
  if (!presence) return presence.error();
  for (const auto& [labels, progress] : before) presence->try_emplace(labels, grid.count);
  const auto duration = milliseconds_of(rule.duration);
  const auto keep = milliseconds_of(rule.keep_firing_for);
  ChunkOutcome outcome;
  for (const auto& [labels, present] : *presence) {
    auto known = before.find(labels);
    AlertProgress progress = known == before.end() ? AlertProgress() : known->second;
    AlertSteps steps{labels, std::vector<AlertState>(grid.count, AlertState::inactive)};
    for (std::size_t i = 0; i < grid.count; ++i) {
      progress = next_progress(progress, present[i], grid.at(i), duration, keep);
      steps.states[i] = progress.state;
    }
    if (progress.state != AlertState::inactive) outcome.after.emplace(labels, progress);
    outcome.alerts.push_back(std::move(steps));
  }
  return outcome;
}

}  // namespace quietgate
