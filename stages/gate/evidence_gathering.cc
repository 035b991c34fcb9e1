#include "stages/gate/evidence_gathering.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "runner/base/time.h"
#include "stages/gate/proofs_quiet.h"
#include "stages/prometheus/selectors.h"

namespace quietgate {

namespace {

constexpr Milliseconds answer_patience{10'000};
constexpr Milliseconds short_patience{3'000};
constexpr double look_back = 60;  // seconds before the window, to see what was there when it began
// In one question. What Prometheus needs for a chain of `and` grows with the cube of its length: 0.1 s for 32 inputs,
// 7 s for 128; for 16 it is less than for 16 questions.
constexpr std::size_t most_together = 16;
constexpr std::size_t most_values = 3;  // alerts whose first value is looked up

// A range selector's span that is not shorter than these seconds.
std::string range_text(double seconds) {
  return fmt::format("[{}ms]", std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(seconds * 1000))));
}

double longest_scrape_of(const std::vector<ScrapeTarget>& targets) {
  double longest = 0;
  for (const auto& target : targets) longest = std::max(longest, target.scrape_interval);
  return longest;
}

// How many series have a fresh number. A series with timestamps of its own would else pass for five minutes after its
// last sample, and NaN compares with nothing.
std::string input_query(const std::string& selector, double scrape, double interval) {
  const double fresh = std::max(5.0, 3 * std::max(scrape, interval));
  return fmt::format("count({} >= -Inf and last_over_time({}))", selector, with_range(selector, range_text(fresh)));
}

// One series with a sample at each step at which every one of the selectors has a fresh number.
std::string inputs_query(const std::vector<std::string>& selectors, double scrape, double interval) {
  std::string query;
  for (const auto& selector : selectors)
    query += (query.empty() ? "" : " and ") + input_query(selector, scrape, interval);
  return query;
}

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

EvidenceGathering::EvidenceGathering(Http& http, Clock& clock, std::string base_url, bool tells_readiness, Stop& stop)
    : clock_(clock),
      stop_(stop),
      tells_readiness_(tells_readiness),
      prometheus_(http, base_url, answer_patience),
      impatient_(http, base_url, short_patience) {}

Task<void> EvidenceGathering::see_if_gone() {
  if (!tells_readiness_) {
    auto now = co_await impatient_.now(stop_);
    if (!now) gone_ = now.error();
    co_return;
  }
  auto ready = co_await impatient_.ready(stop_);
  if (!ready) gone_ = ready.error();
}

Task<ServerLook> EvidenceGathering::look() {
  ServerLook look;
  look.ready = co_await prometheus_.ready(stop_);
  if (!look.ready && tells_readiness_) {
    gone_ = look.ready.error();
    co_return look;
  }
  look.runtime = co_await prometheus_.runtime(stop_);
  co_return look;
}

Task<Result<ClockComparison>> EvidenceGathering::compare_clocks() {
  if (gone_) co_return *gone_;
  // The first exchange may open the connection, which would count as round trip.
  auto first = co_await prometheus_.now(stop_);
  if (!first) co_return first.error();
  const double sent = seconds_of(clock_.now());
  auto theirs = co_await prometheus_.now(stop_);
  const double received = seconds_of(clock_.now());
  if (!theirs) co_return theirs.error();
  ClockComparison clocks;
  clocks.skew = *theirs - (sent + received) / 2;
  clocks.round_trip = received - sent;
  co_return clocks;
}

Task<Result<std::vector<LoadedRule>>> EvidenceGathering::loaded() {
  if (gone_) co_return *gone_;
  auto rules = co_await prometheus_.rules(stop_);
  if (!rules) co_await see_if_gone();
  co_return rules;
}

Task<Result<RulesReading>> EvidenceGathering::glance() {
  auto rules = co_await impatient_.rules(stop_);
  if (!rules) co_return rules.error();
  co_return std::make_shared<const std::vector<LoadedRule>>(std::move(*rules));
}

Task<Result<RuntimeInformation>> EvidenceGathering::glance_at_runtime() {
  co_return co_await impatient_.runtime(stop_);
}

Task<Result<double>> EvidenceGathering::now() {
  if (gone_) co_return *gone_;
  auto answer = co_await prometheus_.now(stop_);
  if (!answer) co_await see_if_gone();
  co_return answer;
}

Task<Result<double>> EvidenceGathering::longest_scrape() {
  auto targets = co_await prometheus_.targets(stop_);
  if (!targets) co_return targets.error();
  co_return longest_scrape_of(*targets);
}

Task<Result<std::vector<Series>>> EvidenceGathering::series(std::string promql, double at) {
  if (gone_) co_return *gone_;
  auto answer = co_await prometheus_.query_at(std::move(promql), at, stop_);
  if (!answer) co_await see_if_gone();
  co_return answer;
}

Task<void> EvidenceGathering::gather_rules(GateEvidence& evidence) {
  if (!evidence.loaded) co_return;
  const auto differing = differing_queries(evidence);
  for (const auto& rule : evidence.rules) {
    if (!differing.contains(rule.query)) evidence.canonical.emplace(rule.query, rule.query);
  }
  for (const auto& query : differing) {
    if (evidence.canonical.contains(query)) continue;
    if (gone_) {
      evidence.canonical.emplace(query, *gone_);
      continue;
    }
    auto formatted = co_await prometheus_.format_query(query, stop_);
    if (!formatted) co_await see_if_gone();
    evidence.canonical.emplace(query, std::move(formatted));
  }
}

Task<void> EvidenceGathering::gather_targets(GateEvidence& evidence) {
  evidence.lowest_up =
      co_await series("min_over_time(up" + range_text(std::max(0.001, evidence.length())) + ")", evidence.end);
  if (gone_) {
    evidence.targets = *gone_;
    co_return;
  }
  evidence.targets = co_await prometheus_.targets(stop_);
  if (!evidence.targets) co_await see_if_gone();
}

Task<void> EvidenceGathering::gather_evaluations(GateEvidence& evidence) {
  const auto range = range_text(evidence.judged - evidence.begin + std::max(look_back, 3 * longest_interval(evidence)));
  evidence.heartbeats = co_await series("gate:heartbeat" + range, evidence.judged);
  evidence.iterations = co_await series("prometheus_rule_group_iterations_total" + range, evidence.judged);
  evidence.missed = co_await series("prometheus_rule_group_iterations_missed_total" + range, evidence.judged);
  evidence.failures = co_await series("prometheus_rule_evaluation_failures_total" + range, evidence.judged);
}

Task<void> EvidenceGathering::gather_inputs(GateEvidence& evidence) {
  std::set<std::string> fleeting;
  const GroupIntervals intervals(evidence);
  const auto needs = input_needs(evidence.rules);
  for (const auto& need : needs) {
    const double interval = intervals.of(evidence.rules[need.rule].group);
    if (!need.wider.empty() || !need.witness.empty() || !need.sibling.empty()) fleeting.insert(need.selector);
    for (const auto& selector : {need.selector, need.wider, need.witness, need.sibling}) {
      if (selector.empty()) continue;
      auto [found, is_new] = evidence.inputs.try_emplace(selector);
      if (is_new || interval < found->second.step) found->second.step = interval;
    }
  }
  const double scrape = evidence.targets ? longest_scrape_of(*evidence.targets) : 0;
  // What may rightly be absent is asked about alone: it would only spoil the answer about others.
  std::map<double, std::vector<std::string>> steady;
  for (const auto& [selector, input] : evidence.inputs) {
    if (fleeting.contains(selector)) {
      std::vector<std::string> one{selector};  // named: g++ 12 destroys a temporary of a co_await twice
      co_await gather_counts(evidence, std::move(one), scrape);
    } else {
      steady[input.step].push_back(selector);
    }
  }
  for (const auto& [step, selectors] : steady) {
    for (std::size_t first = 0; first < selectors.size(); first += most_together) {
      const auto last = std::min(selectors.size(), first + most_together);
      std::vector<std::string> some(selectors.begin() + static_cast<std::ptrdiff_t>(first),
                                    selectors.begin() + static_cast<std::ptrdiff_t>(last));
      co_await gather_counts(evidence, std::move(some), scrape);
    }
  }
  co_await gather_descriptions(evidence, needs);
}

// Most inputs are there at each step, which one question can tell of many. Where one is missing, or the server has no
// answer for many at once, each is asked about for itself.
Task<void> EvidenceGathering::gather_counts(GateEvidence& evidence, std::vector<std::string> selectors, double scrape) {
  const double step = evidence.inputs.at(selectors.front()).step;
  Result<std::vector<Series>> counts = not_asked<std::vector<Series>>();
  const bool alone = selectors.size() == 1;
  if (gone_) counts = *gone_;
  if (!gone_ && (alone || together_)) {
    counts = co_await prometheus_.query_range(inputs_query(selectors, scrape, step), evidence.begin, evidence.end, step,
                                              stop_);
    if (!counts) co_await see_if_gone();
    if (!counts && !alone) together_ = false;
  }
  if (alone || gone_ || has_every_step(counts, evidence, step)) {
    for (const auto& selector : selectors) evidence.inputs.at(selector).counts = counts;
    co_return;
  }
  for (auto& selector : selectors) {
    std::vector<std::string> one{std::move(selector)};
    co_await gather_counts(evidence, std::move(one), scrape);
  }
}

Task<void> EvidenceGathering::gather_descriptions(GateEvidence& evidence, const std::vector<InputNeed>& needs) {
  for (const auto& need : needs) {
    if (need.metric.empty() || evidence.described.contains(need.metric)) continue;
    if (gone_) {
      evidence.described.emplace(need.metric, *gone_);
      continue;
    }
    auto known = co_await prometheus_.describes(need.metric, stop_);
    if (!known) co_await see_if_gone();
    evidence.described.emplace(need.metric, std::move(known));
  }
}

Task<void> EvidenceGathering::gather_alerts(GateEvidence& evidence) {
  // A synthetic fault was up for a scrape, two evaluations and some seconds, before it ended just before the window.
  const double before = std::max(look_back, 6 * longest_interval(evidence));
  evidence.alerts =
      co_await series("ALERTS{alertstate=~\"pending|firing\"}" + range_text(evidence.judged - evidence.begin + before),
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
    auto answer = co_await series(query, *episode.firing_from);
    if (!answer) continue;
    for (const auto& one : *answer) {
      if (is_part_of(one.labels, episode.labels) && !one.samples.empty())
        evidence.values[value_key(episode)] = one.samples.back().value;
    }
  }
}

Task<void> EvidenceGathering::gather(GateEvidence& evidence) {
  co_await see_if_gone();
  evidence.clocks = co_await compare_clocks();
  if (!evidence.loaded) evidence.loaded = co_await loaded();
  co_await gather_samples(evidence);
  // Once more: what fires by now fires, whatever the samples say.
  auto again = co_await loaded();
  evidence.loaded = std::move(again);
  co_await gather_values(evidence);
  co_await look_again(evidence);
}

Task<void> EvidenceGathering::gather_so_far(GateEvidence& evidence) {
  co_await see_if_gone();
  evidence.clocks = co_await compare_clocks();
  co_await gather_samples(evidence);
  co_await gather_values(evidence);
  co_await look_again(evidence);
}

Task<void> EvidenceGathering::gather_samples(GateEvidence& evidence) {
  co_await gather_rules(evidence);
  co_await gather_targets(evidence);
  co_await gather_inputs(evidence);
  auto time = co_await now();
  evidence.judged = time ? *time : evidence.end;
  co_await gather_evaluations(evidence);
  co_await gather_alerts(evidence);
}

Task<void> EvidenceGathering::look_again(GateEvidence& evidence) {
  if (gone_) {
    evidence.after.ready = *gone_;
  } else {
    evidence.after = co_await look();
  }
}

}  // namespace quietgate
