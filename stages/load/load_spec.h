// What a `load` stage is to do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/bound.h"
#include "runner/model/command.h"
#include "runner/model/stage_body.h"
#include "stages/load/autoscaling_spec.h"

namespace quietgate {

// A part of a load's course: users of a closed model, or arrivals of an open one.
struct LoadPhase {
  Milliseconds duration{0};
  int users = 0;            // at its end; 0: the phase has arrivals
  double spawn_rate = 0;    // users started or stopped a second
  double arrivals = 0;      // tasks begun a second at its begin
  double arrivals_end = 0;  // and at its end, linear in between
  bool operator==(const LoadPhase&) const = default;
};

// What a load is compared with.
struct LoadBaseline {
  std::vector<std::string> measures;  // of p50, p95, p99, failure_ratio, requests_per_second
  double margin = 0.1;                // a shift up to this share of the baseline's median is no regression
  std::string host;  // (template) another service, loaded in turns; empty: the loads of promoted commits
  bool operator==(const LoadBaseline&) const = default;
};

// Processes that generate the load together.
struct LoadWorkers {
  int count = 0;     // 0: one process without a master
  std::string join;  // (template) host:port at which workers of elsewhere join; empty: they are started here
  bool operator==(const LoadWorkers&) const = default;
};

struct LoadSpec {
  std::string locustfile;          // (template) relative to the checkout; empty: another source
  std::string k6;                  // (template) a k6 script, relative to the checkout; empty: another source
  std::optional<Command> command;  // writes a line for each request; none: another source
  std::string host;                // (template)
  int users = 1;                   // the most at once
  double spawn_rate = 1;           // users per second
  std::vector<LoadPhase> phases;   // empty: `users` for the whole duration
  Milliseconds duration{30'000};
  Milliseconds warm_up{0};  // cut off before percentiles and rates are judged; failures count from the start
  std::map<std::string, Bound> expect;  // failure_ratio, p50, p90, p95, p99, mean, max, requests_per_second, requests
  std::map<std::string, std::map<std::string, Bound>> endpoints;  // likewise, by request: `GET /`
  LoadWorkers workers;
  int repeat = 1;  // loads one after another, each judged; with a baseline also compared
  std::optional<LoadBaseline> baseline;
  std::optional<AutoscalingSpec> autoscaling;
  bool operator==(const LoadSpec&) const = default;
};

template <class A>
void fields(A& a, LoadPhase& v) {
  a("for", v.duration);
  a("users", v.users);
  a("spawn_rate", v.spawn_rate);
  a("arrivals", v.arrivals);
  a("arrivals_end", v.arrivals_end);
}
template <class A>
void fields(A& a, LoadBaseline& v) {
  a("measures", v.measures);
  a("margin", v.margin);
  a("host", v.host);
}
template <class A>
void fields(A& a, LoadWorkers& v) {
  a("count", v.count);
  a("join", v.join);
}
template <class A>
void fields(A& a, LoadSpec& v) {
  a("locustfile", v.locustfile);
  if (!A::writes || !v.k6.empty()) a.later("k6", v.k6);
  if (!A::writes || v.command) a.later("command", v.command);
  a("host", v.host);
  a("users", v.users);
  a("spawn_rate", v.spawn_rate);
  a("duration", v.duration);
  a("warm_up", v.warm_up);
  a("expect", v.expect);
  if (!A::writes || !v.phases.empty()) a.later("phases", v.phases);
  if (!A::writes || !v.endpoints.empty()) a.later("endpoints", v.endpoints);
  if (!A::writes || v.workers.count > 0) a.later("workers", v.workers);
  if (!A::writes || v.repeat != 1) a.later("repeat", v.repeat);
  if (!A::writes || v.baseline) a.later("baseline", v.baseline);
  a("autoscaling", v.autoscaling);
}

StageBody body_of(const LoadSpec& spec);
// Nothing when the body is of another kind.
std::optional<LoadSpec> load_of(const StageBody& body);

}  // namespace quietgate
