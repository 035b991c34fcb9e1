#include "stages/gate/backtest_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr double enough_inputs = 0.9;
constexpr std::size_t most_episodes = 1'000;  // in JSON, of one rule
constexpr const char* not_reproduced =
    "restarts of Prometheus, missed evaluations, late samples, a group's limit and query_offset, and what Alertmanager "
    "silences, inhibits or groups otherwise than by alert name";

double days_of(const Window& span) {
  return static_cast<double>((span.end - span.begin).count()) / 86'400'000;
}

std::string span_words(Milliseconds span) {
  const auto days = static_cast<double>(span.count()) / 86'400'000;
  return days >= 2 ? fmt::format("{:.3g} days", days) : human_duration(span);
}

// The phase with the most pages: the one that is told.
const PhaseOutcome* worst_of(const RuleOutcome& rule) {
  const PhaseOutcome* worst = nullptr;
  std::size_t most = 0;
  for (const auto& phase : rule.phases) {
    const auto count = pages_of(phase).size();
    if (worst != nullptr && count <= most) continue;
    worst = &phase;
    most = count;
  }
  return worst;
}

std::string times(std::size_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}
std::string spread(const PageCount& count) {
  return count.least == count.most ? std::string() : fmt::format(" ({} to {} by phase)", count.least, count.most);
}
std::string per_day(std::size_t count, const Window& span) {
  return days_of(span) < 1 ? std::string() : fmt::format(", {:.1f} a day", static_cast<double>(count) / days_of(span));
}
std::string percent(double share) {
  return fmt::format("{} %", static_cast<int>(std::floor(share * 100)));
}

std::string inputs_line(const RuleOutcome& rule) {
  if (rule.inputs >= 0.995) return {};
  if (rule.inputs <= 0)
    return fmt::format("  DEAF: `{}` has no samples in the whole span: a typo, or it never happened\n", rule.scarcest);
  return fmt::format("  `{}` had samples only {} of the time\n", rule.scarcest, percent(rule.inputs));
}

std::string heading(const RuleOutcome& outcome) {
  const auto& rule = outcome.rule;
  std::string text = fmt::format("{}  (group {}, every {}", rule.name, rule.group, human_duration(outcome.interval));
  if (rule.duration > 0) text += ", for " + human_duration(Milliseconds(std::llround(rule.duration * 1000)));
  if (rule.keep_firing_for > 0)
    text += ", keep_firing_for " + human_duration(Milliseconds(std::llround(rule.keep_firing_for * 1000)));
  if (!wakes_somebody(rule)) text += ", no page: severity " + rule.labels.at("severity");
  return text + ")\n";
}

std::string fired_lines(const RuleOutcome& rule, const PhaseOutcome& phase, const Window& span, const LocalTime& zone) {
  const auto pages = pages_of(phase);
  Milliseconds total{0}, longest{0};
  for (const auto& page : pages) {
    total += page.end - page.begin;
    longest = std::max(longest, page.end - page.begin);
  }
  const auto count = pages_of(rule, zone);
  std::string text;
  if (count.most > 0) {
    text = fmt::format("  fired {}{}{}, {} at night, {} in all, longest {}\n", times(count.most), spread(count),
                       per_day(count.most, span), count.nightly, human_duration(total), human_duration(longest));
  } else {
    text = fmt::format("  did not begin to fire, but was firing for {}\n", human_duration(total));
  }
  const auto at = [&](Milliseconds moment) { return local_text(Time(moment), zone); };
  text += fmt::format("  first {}, last {}\n", at(pages.front().begin), at(pages.back().begin));
  if (pages.front().begun_before) text += "  it was firing already when the span began; that is not counted\n";
  if (std::any_of(phase.firings.begin(), phase.firings.end(), [](const Firing& each) { return each.goes_on; }))
    text += "  it still fires when the span ends\n";
  if (phase.firings.size() != pages.size())
    text += fmt::format("  {} alerts, of which those at the same time are one page\n", phase.firings.size());
  return text;
}

std::string rule_text(const RuleOutcome& rule, const Window& span, const LocalTime& zone) {
  auto text = heading(rule);
  if (!rule.problem.empty()) {
    text += "  NOT COMPUTED: " + rule.problem + "\n";
    return rule.advice.empty() ? text : text + "  " + rule.advice + "\n";
  }
  const auto* phase = worst_of(rule);
  if (phase == nullptr) return text + "  NOT COMPUTED: the span is shorter than an evaluation\n";
  text += phase->firings.empty() ? "  silent\n" : fired_lines(rule, *phase, span, zone);
  if (phase->near_misses > 0) text += fmt::format("  near misses: pending and cleared {}\n", times(phase->near_misses));
  text += inputs_line(rule);
  if (!rule.recorded.empty())
    text += fmt::format(
        "  computed in place: {}{}\n", fmt::join(rule.recorded, ", "),
        rule.approximate ? "; their ranges and offsets became subqueries, which are off by up to one interval" : "");
  return text;
}

OrderedJson json_of(const Milliseconds& time) {
  return iso_time(Time(time));
}

OrderedJson json_of(const PhaseOutcome& phase) {
  const auto pages = pages_of(phase);
  std::size_t begun = 0;
  double total = 0, longest = 0;
  for (const auto& page : pages) {
    const auto length = static_cast<double>((page.end - page.begin).count()) / 1000;
    total += length;
    longest = std::max(longest, length);
    begun += page.begun_before ? 0 : 1;
  }
  return {{"pages", begun},
          {"firings", phase.firings.size()},
          {"near_misses", phase.near_misses},
          {"firing_seconds", total},
          {"longest_seconds", longest}};
}

OrderedJson json_of(const RuleOutcome& outcome, const LocalTime& zone) {
  const auto& rule = outcome.rule;
  OrderedJson json{{"name", rule.name},
                   {"file", rule.file},
                   {"group", rule.group},
                   {"interval_seconds", static_cast<double>(outcome.interval.count()) / 1000},
                   {"for_seconds", rule.duration},
                   {"keep_firing_for_seconds", rule.keep_firing_for},
                   {"wakes_somebody", wakes_somebody(rule)},
                   {"computed", outcome.problem.empty()}};
  if (!outcome.problem.empty()) {
    json["problem"] = outcome.problem;
    return json;
  }
  const auto count = pages_of(outcome, zone);
  json["pages"] = {{"least", count.least}, {"most", count.most}, {"at_night", count.nightly}};
  json["inputs"] = outcome.inputs;
  if (!outcome.scarcest.empty()) json["scarcest_input"] = outcome.scarcest;
  if (!outcome.recorded.empty()) json["computed_in_place"] = outcome.recorded;
  json["approximate"] = outcome.approximate;
  json["phases"] = OrderedJson::array();
  for (const auto& phase : outcome.phases) json["phases"].push_back(json_of(phase));
  json["episodes"] = OrderedJson::array();
  const auto* worst = worst_of(outcome);
  for (const auto& firing : worst == nullptr ? std::vector<Firing>() : worst->firings) {
    if (json["episodes"].size() >= most_episodes) break;
    json["episodes"].push_back({{"begin", json_of(firing.begin)},
                                {"end", json_of(firing.end)},
                                {"begun_before", firing.begun_before},
                                {"goes_on", firing.goes_on},
                                {"labels", firing.labels}});
  }
  return json;
}

}  // namespace

std::vector<Page> pages_of(const PhaseOutcome& phase) {
  auto firings = phase.firings;
  std::sort(firings.begin(), firings.end(), [](const Firing& a, const Firing& b) { return a.begin < b.begin; });
  std::vector<Page> pages;
  for (const auto& firing : firings) {
    if (pages.empty() || firing.begin > pages.back().end) {
      pages.push_back({firing.begin, firing.end, 1, firing.begun_before});
      continue;
    }
    auto& page = pages.back();
    page.end = std::max(page.end, firing.end);
    page.begun_before = page.begun_before || firing.begun_before;
    ++page.alerts;
  }
  return pages;
}

bool wakes_somebody(const ExpectedRule& rule) {
  const auto severity = rule.labels.find("severity");
  if (severity == rule.labels.end()) return in_scope(rule);
  return in_scope(rule) && severity->second != "ticket" && severity->second != "info";
}

PageCount pages_of(const RuleOutcome& rule, const LocalTime& zone) {
  PageCount count;
  bool first = true;
  for (const auto& phase : rule.phases) {
    std::size_t begun = 0, nightly = 0;
    for (const auto& page : pages_of(phase)) {
      if (page.begun_before) continue;
      ++begun;
      nightly += is_night(Time(page.begin), zone) ? 1 : 0;
    }
    count.least = first ? begun : std::min(count.least, begun);
    if (first || begun > count.most) count.nightly = nightly;
    count.most = std::max(count.most, begun);
    first = false;
  }
  return count;
}

PageCount pages_of(const BacktestOutcome& outcome, const LocalTime& zone) {
  PageCount all;
  for (const auto& rule : outcome.rules) {
    if (!wakes_somebody(rule.rule) || !rule.problem.empty()) continue;
    const auto count = pages_of(rule, zone);
    all.least += count.least;
    all.most += count.most;
    all.nightly += count.nightly;
  }
  return all;
}

std::vector<std::string> doubts_about(const BacktestOutcome& outcome) {
  std::vector<std::string> doubts;
  for (const auto& rule : outcome.rules) {
    if (!wakes_somebody(rule.rule)) continue;
    if (!rule.problem.empty()) {
      doubts.push_back(fmt::format("{} could not be computed: {}", rule.rule.name, rule.problem));
    } else if (rule.phases.empty()) {
      doubts.push_back(fmt::format("{} could not be computed: the span is shorter than an evaluation", rule.rule.name));
    } else if (rule.inputs < enough_inputs) {
      doubts.push_back(
          fmt::format("{}: `{}` had samples only {} of the time", rule.rule.name, rule.scarcest, percent(rule.inputs)));
    }
  }
  if (outcome.rules.empty()) doubts.emplace_back("no alerting rule was computed");
  return doubts;
}

std::string backtest_text(const BacktestOutcome& outcome, const LocalTime& zone) {
  const auto length = outcome.span.end - outcome.span.begin;
  std::string text = fmt::format("{} {} from {} to {} ({}, {}) on {}\n\n", outcome.rules.size(),
                                 outcome.rules.size() == 1 ? "alert" : "alerts", local_text(outcome.span.begin, zone),
                                 local_text(outcome.span.end, zone), span_words(length), zone.name, outcome.url);
  std::size_t failed = 0;
  for (const auto& rule : outcome.rules) {
    text += rule_text(rule, outcome.span, zone);
    failed += rule.problem.empty() ? 0 : 1;
  }
  const auto all = pages_of(outcome, zone);
  text += fmt::format("\nwould have paged {}{} in {}{}; {} at night (22:00 to 07:00 {})\n",
                      all.most == 0 ? "nobody" : times(all.most), spread(all), span_words(length),
                      per_day(all.most, outcome.span), all.nightly, zone.name);
  if (failed > 0)
    text += fmt::format("not counted: {} of {} alerts could not be computed\n", failed, outcome.rules.size());
  if (!outcome.left_out.empty())
    text += fmt::format("left out: {} (fires by design, or severity none)\n", fmt::join(outcome.left_out, ", "));
  return text + "not reproduced: " + not_reproduced + "\n";
}

std::string backtest_json(const BacktestOutcome& outcome, const LocalTime& zone) {
  OrderedJson json{{"prometheus", outcome.url},        {"from", iso_time(outcome.span.begin)},
                   {"to", iso_time(outcome.span.end)}, {"time_zone", zone.name},
                   {"calls", outcome.calls},           {"rules", OrderedJson::array()}};
  for (const auto& rule : outcome.rules) json["rules"].push_back(json_of(rule, zone));
  const auto all = pages_of(outcome, zone);
  json["pages"] = {{"least", all.least}, {"most", all.most}, {"at_night", all.nightly}};
  if (const auto days = days_of(outcome.span); days > 0)
    json["pages"]["per_day"] = static_cast<double>(all.most) / days;
  json["doubts"] = doubts_about(outcome);
  json["left_out"] = outcome.left_out;
  json["not_reproduced"] = not_reproduced;
  // Labels are Prometheus' own bytes: not every one of them is a character.
  return json_text(json) + "\n";
}

}  // namespace quietgate
