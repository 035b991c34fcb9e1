#include "stages/load/load_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace quietgate {

namespace {

constexpr int most_users = 1'000'000;
constexpr double most_arrivals = 1e6;
constexpr int least_compared = 5;  // loads a side: with fewer an exact test can hardly tell anything
constexpr std::array<const char*, 5> measures{"p50", "p95", "p99", "failure_ratio", "requests_per_second"};

AutoscalingSpec read_autoscaling(const Found& found, StageFields& fields) {
  AutoscalingSpec spec;
  MapReader map(fields.values(), found, "`autoscaling`");
  if (const Found replicas = map.require("replicas", "where the number of ready replicas is measured")) {
    MapReader source(fields.values(), replicas, "`replicas`");
    if (const Found run = source.find("run")) {
      spec.command = fields.command(run).value_or(Command{});
      fields.path(source.find("directory"), spec.command->directory);
    } else {
      fields.text(source.require("prometheus", "the URL of a Prometheus"), spec.prometheus);
      fields.text(source.require("query", "PromQL that gives one number"), spec.query);
      fields.text(source.find("desired"), spec.desired);
    }
    source.finish();
  }
  const Found expect = map.require("expect", "at least one of reach, never_above, settle_at, reversals");
  if (expect) {
    AutoscalingExpectation& e = spec.expect;
    MapReader bounds(fields.values(), expect, "`expect`");
    const auto replicas = [&](const char* key, std::optional<double>& out) {
      if (const Found value = bounds.find(key)) out = fields.values().number(value, 0, 1e6);
    };
    replicas("reach", e.reach);
    replicas("never_above", e.never_above);
    replicas("settle_at", e.settle_at);
    const Found within = bounds.find("within");
    const Found settle_within = bounds.find("settle_within");
    const Found decide_within = bounds.find("decide_within");
    const Found ready_within = bounds.find("ready_within");
    if (within) e.within = fields.values().duration(within).value_or(e.within);
    if (settle_within) e.settle_within = fields.values().duration(settle_within).value_or(e.settle_within);
    if (decide_within) e.decide_within = fields.values().duration(decide_within);
    if (ready_within) e.ready_within = fields.values().duration(ready_within);
    if (const Found reversals = bounds.find("reversals"))
      e.reversals = fields.values().bound(reversals, Measure::plain);
    const Found failures = bounds.find("failure_ratio");
    const Found p95 = bounds.find("p95");
    const Found share = bounds.find("per_replica");
    if (failures) e.failure_ratio = fields.values().bound(failures, Measure::ratio);
    if (p95) e.p95 = fields.values().bound(p95, Measure::time);
    if (share) e.per_replica = fields.values().number(share, 0.001, 100);
    bounds.finish();
    const auto judged = [&](const char* key) { return expect.node->find(key) != nullptr; };
    if (bounds.valid() && !judged("reach") && !judged("never_above") && !judged("settle_at") && !judged("reversals"))
      fields.diagnostics().add(expect.key_at, "`expect` has no bound",
                               "at least one of reach, never_above, settle_at, reversals");
    const auto needs = [&](const Found& what, const char* needed) {
      if (what && !judged(needed))
        fields.diagnostics().add(what.key_at, fmt::format("`{}` needs `{}`", what.name, needed));
    };
    needs(settle_within, "settle_at");
    for (const Found* each : {&within, &ready_within, &failures, &p95, &share}) needs(*each, "reach");
    const bool desired = spec.command || !spec.desired.empty();
    for (const Found* each : {&decide_within, &ready_within}) {
      if (*each && !desired)
        fields.diagnostics().add(each->key_at, fmt::format("`{}` needs `desired` in `replicas`", each->name),
                                 "PromQL that gives the number of replicas that the autoscaler wants");
    }
  }
  map.finish();
  return spec;
}

void read_source(MapReader& map, StageFields& fields, LoadSpec& spec) {
  const Found k6 = map.find("k6");
  const Found run = map.find("run");
  const Found directory = map.find("directory");
  const Found locustfile = map.find("locustfile");
  const int sources = (k6 ? 1 : 0) + (run ? 1 : 0) + (locustfile ? 1 : 0);
  if (sources == 0) {
    fields.path(map.require("locustfile", "the path of a Locust file (or `k6`: of a k6 script; or `run`: a command)"),
                spec.locustfile);
    return;
  }
  if (sources > 1)
    fields.diagnostics().add(map.found().key_at, "`load` has several sources", "one of locustfile, k6, run");
  fields.path(locustfile, spec.locustfile);
  fields.path(k6, spec.k6);
  if (run) {
    spec.command = fields.command(run).value_or(Command{});
    fields.path(directory, spec.command->directory);
  } else if (directory) {
    fields.diagnostics().add(directory.key_at, "`directory` needs `run`");
  }
}

LoadPhase read_phase(const Found& found, StageFields& fields, bool& open) {
  LoadPhase phase;
  MapReader map(fields.values(), found, "the part of `shape`");
  if (const Found span = map.require("for", "how long this part lasts, such as 30s"))
    phase.duration = fields.values().duration(span, Milliseconds{1'000}).value_or(Milliseconds{1'000});
  const Found users = map.find("users");
  const Found arrivals = map.find("arrivals");
  const Found rate = map.find("spawn_rate");
  if (map.valid() && (users ? 1 : 0) + (arrivals ? 1 : 0) != 1)
    fields.diagnostics().add(found.key_at, "a part of `shape` needs either `users` or `arrivals`");
  if (users) phase.users = fields.values().integer(users, 1, most_users).value_or(1);
  phase.spawn_rate = phase.users;
  if (rate) phase.spawn_rate = fields.values().number(rate, 0.001, 1e6).value_or(1);
  if (rate && !users) fields.diagnostics().add(rate.key_at, "`spawn_rate` needs `users`");
  if (arrivals && arrivals.node->kind == YamlNode::Kind::map) {
    MapReader ramp(fields.values(), arrivals, "`arrivals`");
    if (const Found from = ramp.require("from", "tasks a second at the begin"))
      phase.arrivals = fields.values().number(from, 0, most_arrivals).value_or(1);
    if (const Found to = ramp.require("to", "tasks a second at the end"))
      phase.arrivals_end = fields.values().number(to, 0, most_arrivals).value_or(1);
    ramp.finish();
    if (ramp.valid() && phase.arrivals + phase.arrivals_end <= 0)
      fields.diagnostics().add(arrivals.key_at, "`arrivals` from 0 to 0 is no load");
  } else if (arrivals) {
    phase.arrivals = phase.arrivals_end = fields.values().number(arrivals, 0.001, most_arrivals).value_or(1);
  }
  open = static_cast<bool>(arrivals);
  map.finish();
  return phase;
}

void read_course(MapReader& map, StageFields& fields, LoadSpec& spec) {
  const Found shape = map.find("shape");
  const Found users = map.find("users");
  const Found rate = map.find("spawn_rate");
  const Found arrivals = map.find("arrivals");
  const bool generates = !spec.command && spec.k6.empty();
  if (!users && generates && (arrivals || !shape))
    (void)map.require("users", arrivals ? "how many users at most serve the arrivals" : "how many users at once");
  const Found duration = shape ? map.find("duration") : map.require("duration", "how long the load lasts, such as 45s");
  if (duration) spec.duration = fields.values().duration(duration).value_or(spec.duration);
  bool open = static_cast<bool>(arrivals);
  if (shape) {
    for (const Found* each : {&rate, &arrivals, &duration}) {
      if (*each)
        fields.diagnostics().add(each->key_at, fmt::format("`{}` and `shape` exclude each other", each->name),
                                 "`shape` alone, with parts such as {for: 30s, users: 20} or {for: 30s, arrivals: 50}");
    }
    spec.duration = Milliseconds{0};
    std::set<bool> kinds;
    for (const Found& item : fields.values().list(shape, 1, 100)) {
      bool arrives = false;
      spec.phases.push_back(read_phase(item, fields, arrives));
      kinds.insert(arrives);
      spec.duration += spec.phases.back().duration;
      spec.users = std::max(spec.users, spec.phases.back().users);
    }
    open = kinds.contains(true);
    if (kinds.size() > 1)
      fields.diagnostics().add(shape.key_at, "`shape` mixes `users` and `arrivals`", "one of them in all parts");
    if (!open && users)
      fields.diagnostics().add(users.key_at, "`users` and `shape` exclude each other",
                               "`shape` alone, with parts such as {for: 30s, users: 20}");
  } else if (arrivals) {
    const auto each = fields.values().number(arrivals, 0.001, most_arrivals).value_or(1);
    spec.phases.push_back({spec.duration, 0, 0, each, each});
  }
  if (!users && generates && shape && open) (void)map.require("users", "how many users at most serve the arrivals");
  if (users && (open || !shape)) spec.users = fields.values().integer(users, 1, most_users).value_or(1);
  spec.spawn_rate = spec.users;
  if (rate && !shape) spec.spawn_rate = fields.values().number(rate, 0.001, 1e6).value_or(1);
  if (!generates) {
    for (const Found* each : {&shape, &users, &rate, &arrivals}) {
      if (*each)
        fields.diagnostics().add(each->key_at, fmt::format("`{}` needs `locustfile`", each->name),
                                 "no such key here: a k6 script and a command have their own");
    }
  }
  if (const Found warm_up = map.find("warm_up")) {
    spec.warm_up = fields.values().duration(warm_up, Milliseconds{0}).value_or(spec.warm_up);
    if (spec.warm_up >= spec.duration && spec.duration.count() > 0)
      fields.values().wrong(
          warm_up, "`warm_up` leaves nothing of `duration` to judge",
          fmt::format("less than {}", duration ? duration.node->text : human_duration(spec.duration)));
  }
}

void read_bounds(const Found& found, StageFields& fields, std::map<std::string, Bound>& out, bool whole) {
  MapReader bounds(fields.values(), found, whole ? "`expect`" : fmt::format("`{}`", found.name));
  const auto take = [&](const char* key, Measure measure) {
    const Found value = bounds.find(key);
    if (!value) return;
    if (auto bound = fields.values().bound(value, measure)) out[key] = std::move(*bound);
  };
  take("failure_ratio", Measure::ratio);
  // `<= 5` would let everything pass where 5 % was meant.
  if (auto ratio = out.find("failure_ratio"); ratio != out.end() && ratio->second.value > 1) {
    fields.values().wrong(bounds.find("failure_ratio"), fmt::format("`failure_ratio` is `{}`", ratio->second.text),
                          "a bound of at most 1, such as `\"<= 0.05\"` or `\"<= 5%\"`");
  }
  for (const char* key : {"p50", "p90", "p95", "p99", "mean", "max"}) take(key, Measure::time);
  take("requests_per_second", Measure::plain);
  take("requests", Measure::plain);
  bounds.finish();
  if (bounds.valid() && found.node->entries.empty())
    fields.values().wrong(found, fmt::format("{} has no bound", bounds.what()), "at least one bound");
}

LoadWorkers read_workers(const Found& found, StageFields& fields) {
  LoadWorkers workers;
  if (found.node->kind != YamlNode::Kind::map) {
    workers.count = fields.values().integer(found, 1, 64).value_or(1);
    return workers;
  }
  MapReader map(fields.values(), found, "`workers`");
  if (const Found count = map.require("count", "how many workers join"))
    workers.count = fields.values().integer(count, 1, 1000).value_or(1);
  fields.text(map.require("join", "HOST:PORT at which workers of elsewhere join"), workers.join);
  map.finish();
  return workers;
}

LoadBaseline read_baseline(const Found& found, StageFields& fields) {
  LoadBaseline baseline;
  MapReader map(fields.values(), found, "`baseline`");
  if (const Found of = map.find("measures")) {
    baseline.measures = fields.values().texts(of, 1);
    for (const Found& item : fields.values().list(of, 1)) {
      if (std::find(measures.begin(), measures.end(), item.node->text) == measures.end())
        fields.values().wrong(item, fmt::format("unknown load metric `{}`", item.node->text),
                              fmt::format("one of {}", fmt::join(measures, ", ")));
    }
  } else {
    baseline.measures.assign(measures.begin(), measures.end());
  }
  if (const Found margin = map.find("margin")) baseline.margin = fields.values().number(margin, 0, 10).value_or(0.1);
  fields.text(map.find("host"), baseline.host);
  map.finish();
  return baseline;
}

}  // namespace

LoadSpec read_load(const Found& found, StageFields& fields) {
  LoadSpec spec;
  MapReader map(fields.values(), found, "`load`");
  read_source(map, fields, spec);
  fields.artifacts_of(map.find("from"));
  const bool locust = !spec.command && spec.k6.empty();
  fields.text(locust ? map.require("host", "the URL of the service under load") : map.find("host"), spec.host);
  read_course(map, fields, spec);
  if (const Found expect =
          map.require("expect", "what must hold, such as {failure_ratio: \"<= 0.01\", requests: \">= 100\"}"))
    read_bounds(expect, fields, spec.expect, true);
  if (const Found endpoints = map.find("endpoints")) {
    MapReader each(fields.values(), endpoints, "`endpoints`");
    for (const Found& endpoint : each.entries()) read_bounds(endpoint, fields, spec.endpoints[endpoint.name], false);
  }
  const Found workers = map.find("workers");
  const Found repeat = map.find("repeat");
  const Found baseline = map.find("baseline");
  const Found scaling = map.find("autoscaling");
  if (workers) spec.workers = read_workers(workers, fields);
  if (workers && !locust) fields.diagnostics().add(workers.key_at, "`workers` needs `locustfile`");
  if (baseline) {
    spec.baseline = read_baseline(baseline, fields);
    spec.repeat = least_compared;
  }
  if (repeat) spec.repeat = fields.values().integer(repeat, 1, 50).value_or(1);
  if (repeat && baseline && spec.repeat < least_compared)
    fields.values().wrong(repeat, fmt::format("`repeat` is `{}`, which is too few for a `baseline`", spec.repeat),
                          fmt::format("at least {}", least_compared));
  if (scaling) spec.autoscaling = read_autoscaling(scaling, fields);
  if (scaling && spec.repeat > 1)
    fields.diagnostics().add(
        scaling.key_at,
        fmt::format("`autoscaling` needs one load, but `{}` makes {}: each would begin with the replicas that the "
                    "load before it left",
                    repeat ? "repeat" : "baseline", spec.repeat),
        fmt::format("a `load` stage with `autoscaling` alone, and one that `needs` it with `{}`",
                    repeat ? "repeat" : "baseline"));
  map.finish();
  return spec;
}

}  // namespace quietgate
