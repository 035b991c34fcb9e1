// What a load expects of an autoscaler.
#pragma once

#include <optional>
#include <string>

#include "runner/base/time.h"
#include "runner/model/bound.h"
#include "runner/model/command.h"

namespace quietgate {

// Spans of time are from the begin of the load but for settle_within (from its end) and ready_within (from the
// decision).
struct AutoscalingExpectation {
  std::optional<double> reach;  // replicas
  Milliseconds within{60'000};  // from the start of the load
  std::optional<double> never_above;
  std::optional<double> settle_at;
  Milliseconds settle_within{300'000};        // from the end of the load
  std::optional<Bound> reversals;             // changes of direction
  std::optional<Milliseconds> decide_within;  // until more replicas are desired than there were
  std::optional<Milliseconds> ready_within;   // until as many are ready as `reach` says
  std::optional<Bound> failure_ratio;         // of the requests between the decision and the reach
  std::optional<Bound> p95;                   // likewise, milliseconds
  std::optional<double> per_replica;  // least throughput of a replica after the reach, as a share of that before
  bool operator==(const AutoscalingExpectation&) const = default;
};

struct AutoscalingSpec {
  std::string prometheus;          // (template) base URL
  std::string query;               // (template) PromQL that gives one number: ready replicas
  std::string desired;             // (template) likewise: replicas that the autoscaler wants; empty: not known
  std::optional<Command> command;  // instead of all three: prints the ready replicas, and after them the desired ones
  AutoscalingExpectation expect;
  bool operator==(const AutoscalingSpec&) const = default;
};

template <class A>
void fields(A& a, AutoscalingExpectation& v) {
  a("reach", v.reach);
  a("within", v.within);
  a("never_above", v.never_above);
  a("settle_at", v.settle_at);
  a("settle_within", v.settle_within);
  a("reversals", v.reversals);
  if (!A::writes || v.decide_within) a.later("decide_within", v.decide_within);
  if (!A::writes || v.ready_within) a.later("ready_within", v.ready_within);
  if (!A::writes || v.failure_ratio) a.later("failure_ratio", v.failure_ratio);
  if (!A::writes || v.p95) a.later("p95", v.p95);
  if (!A::writes || v.per_replica) a.later("per_replica", v.per_replica);
}
template <class A>
void fields(A& a, AutoscalingSpec& v) {
  a("prometheus", v.prometheus);
  a("query", v.query);
  if (!A::writes || !v.desired.empty()) a.later("desired", v.desired);
  if (!A::writes || v.command) a.later("command", v.command);
  a("expect", v.expect);
}

}  // namespace quietgate
