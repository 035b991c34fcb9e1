// Everything that a gate judges by, gathered from one Prometheus server. Nothing is judged here. What was not asked, or
// not answered, is an error and so never passes anything.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/types.h"
#include "stages/gate/observed_evaluations.h"
#include "stages/prometheus/alertmanager.h"
#include "stages/prometheus/prometheus.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

template <class T>
Result<T> not_asked() {
  return infrastructure_error("the server was not asked");
}

// The server at one moment.
struct ServerStatus {
  Result<bool> ready = not_asked<bool>();
  Result<RuntimeInformation> runtime = not_asked<RuntimeInformation>();
};

// How many series a selector gave, sampled over the window. Where many were asked about together, those of the first
// at the steps at which all of them gave some.
struct InputCount {
  double step = 1;  // seconds
  Result<std::vector<Series>> counts = not_asked<std::vector<Series>>();
};

struct ClockComparison {
  double skew = 0;        // the server's clock less ours, seconds
  double round_trip = 0;  // seconds
};

// An alert that fired when the rules were polled.
struct PolledFiring {
  std::string rule;
  double since = 0;  // seconds since the epoch
  double value = 0;
};

struct GateEvidence {
  double begin = 0;   // of the window, seconds since the epoch on the server's clock
  double end = 0;     // likewise
  double judged = 0;  // when the last of it was read, on the server's clock
  std::vector<ExpectedRule> rules;
  ServerStatus before;               // when the judging began
  ServerStatus after;                // when everything else had been read
  std::vector<double> other_starts;  // start times of servers that answered meanwhile, other than the one before
  std::vector<PolledFiring> polled_firings;  // in-scope alerts that fired when the rules were polled while waiting
  Result<ClockComparison> clocks = not_asked<ClockComparison>();
  Result<std::vector<LoadedRule>> loaded = not_asked<std::vector<LoadedRule>>();
  std::map<std::string, Result<std::string>> canonical;  // by query as written or loaded: as the server formats it
  // Raw samples around the window.
  Result<std::vector<Series>> alerts = not_asked<std::vector<Series>>();      // ALERTS
  Result<std::vector<Series>> heartbeats = not_asked<std::vector<Series>>();  // gate:heartbeat
  Result<std::vector<Series>> iterations = not_asked<std::vector<Series>>();  // prometheus_rule_group_iterations_total
  Result<std::vector<Series>> missed =
      not_asked<std::vector<Series>>();  // prometheus_rule_group_iterations_missed_total
  Result<std::vector<Series>> failures = not_asked<std::vector<Series>>();  // prometheus_rule_evaluation_failures_total
  std::map<std::string, InputCount> inputs;                                 // by selector
  std::map<std::string, Result<bool>> described;  // by metric: whether a target describes it; those with a sibling only
  Result<std::vector<ScrapeTarget>> targets = not_asked<std::vector<ScrapeTarget>>();
  Result<std::vector<Series>> lowest_up = not_asked<std::vector<Series>>();  // min_over_time(up[window])
  GroupEvaluations evaluations;                                              // observed while stages ran
  std::map<std::string, double> firing_values;  // what alerts that fired showed at first, by rule name and labels

  RunId run;                               // whose synthetic fault counts
  std::optional<Time> watchdog_delivered;  // when an Alertmanager's watchdog came last, on our clock; nothing: never
  double delivery_asked = 0;               // when that was looked up, on our clock
  std::optional<Result<Muting>> muting;    // what Alertmanager holds back; nothing: the gate names none

  double fault_raised = 0;  // the synthetic fault of the window was not raised before this; 0: at any time
  double length() const { return end - begin; }
};

// The group's evaluation interval in seconds: as loaded, else as the file says, else a minute.
double interval_of(const GateEvidence& evidence, const std::string& group);
double longest_interval(const GateEvidence& evidence);

// The same for who asks about rule after rule: interval_of looks through all of them each time.
class GroupIntervals {
 public:
  explicit GroupIntervals(const GateEvidence& evidence);
  double of(const std::string& group) const;

 private:
  std::map<std::string, double> seconds_;
};

// The loaded rules by group, name and type.
class LoadedIndex {
 public:
  explicit LoadedIndex(const GateEvidence& evidence);  // which must outlive it and stay as it is
  const std::vector<const LoadedRule*>& as(const ExpectedRule& rule) const;

 private:
  using Key = std::tuple<std::string_view, std::string_view, bool>;
  std::map<Key, std::vector<const LoadedRule*>> rules_;
};

// The steps of an input that is there throughout the window.
std::size_t steps_of(const GateEvidence& evidence, double step);
// Whether there is a count of at least one at each of them.
bool has_every_step(const Result<std::vector<Series>>& counts, const GateEvidence& evidence, double step);

// One thing that an in-scope alert asks for. `problem` is set instead, as a predicate, when that can't be told.
struct InputNeed {
  std::size_t rule = 0;  // index into the rules
  std::string selector;
  double behind = 0;    // see behind_of
  std::string wider;    // a selector that asks for more of the same metric, when not empty
  std::string witness;  // then enough instead: see witness_of
  std::string problem;
  // Its samples exist only while something is wrong; these are there instead (annotation `gate_sibling`), and a target
  // describes the metric.
  std::string sibling;
  std::string metric;  // set with `sibling`
};
// Every input of every in-scope alert, through the recording rules of the same commit down to what is scraped; and
// recorded series where only some of them are asked for.
std::vector<InputNeed> input_needs(const std::vector<ExpectedRule>& rules);

}  // namespace quietgate
