#include <utility>

#include "runner/model/event.h"
#include "runner/model/plan_fields.h"

namespace quietgate {

template <class A>
void fields(A& a, Bound& v) {
  a("relation", v.relation);
  a("value", v.value);
  a("text", v.text);
}
template <class A>
void fields(A& a, Command& v) {
  a("shell", v.shell);
  if (!A::writes || !v.interpreter.empty()) a.later("interpreter", v.interpreter);
  a("argv", v.argv);
  a("directory", v.directory);
}
template <class A>
void fields(A& a, TestSpec& v) {
  a("commands", v.commands);
  a("junit", v.junit);
  a("artifacts", v.artifacts);
}
template <class A>
void fields(A& a, ReadyCheck& v) {
  a("http", v.http);
  a("tcp", v.tcp);
  a("command", v.command);
  if (!A::writes || !v.interpreter.empty()) a.later("interpreter", v.interpreter);
  a("within", v.within);
}
template <class A>
void fields(A& a, ServiceSpec& v) {
  a("name", v.name);
  a("command", v.command);
  a("environment", v.environment);
  a("ready", v.ready);
  a("needs", v.needs);
}
template <class A>
void fields(A& a, ProcessesSpec& v) {
  a("services", v.services);
}
template <class A>
void fields(A& a, TerraformSpec& v) {
  a("directory", v.directory);
  a("variables", v.variables);
}

// A variant is an object with one key: the alternative's name.
template <class A, class V>
void alternative(A& a, const char* key, V& variant, auto tag) {
  using T = typename decltype(tag)::type;
  if constexpr (A::writes) {
    if (const auto* value = std::get_if<T>(&variant)) a(key, *value);
  } else {
    if (a.has(key)) a(key, variant.template emplace<T>());
  }
}

// JSON in a text, to be written as it is.
struct Verbatim {
  std::string& json;
};
template <>
struct Codec<Verbatim> {
  static void encode(std::string& out, const Verbatim& value) { out += value.json; }
  static void decode(const JsonValue& json, Verbatim& value) {
    if (!json.is(JsonTree::Kind::object)) throw FieldError("expected an object");
    value.json = json_of(json);
  }
};
template <class A>
void fields(A& a, OpenProvisioner& v) {
  Verbatim spec{v.json};
  a("name", v.name);
  a("spec", spec);
  a("more_outputs", v.more_outputs);
}
template <class A>
void fields(A& a, ProvisionerSpec& v) {
  alternative(a, "processes", v, std::type_identity<ProcessesSpec>{});
  alternative(a, "terraform", v, std::type_identity<TerraformSpec>{});
  alternative(a, "open", v, std::type_identity<OpenProvisioner>{});
}
template <class A>
void fields(A& a, GateSpec& v) {
  a("prometheus", v.prometheus);
  a("rules", v.rules);
  a("during", v.during);
  a("quiet_for", v.quiet_for);
  a("layers", v.layers);
  a.later("waivers", v.waivers);
  a.later("alertmanager", v.alertmanager);
  a.later("on_alert", v.on_alert);
  if (!A::writes || !v.watchdog.empty()) a.later("watchdog", v.watchdog);
  if (!A::writes || !v.watchdog.empty()) a.later("watchdog_within", v.watchdog_within);
}
template <class A>
void fields(A& a, WatchSpec& v) {
  a("gate", v.gate);
  a("for", v.duration);
  a("on_alert", v.on_alert);
}
template <class A>
void fields(A& a, ApplySpec& v) {
  a("ports", v.ports);
  a("provisioner", v.provisioner);
  a("outputs", v.outputs);
  a("time_to_live", v.time_to_live);
  a("keep", v.keep);
  // What older plans could not have is left out when there is none: they keep the hashes they had.
  if (!A::writes || v.watch) a.later("watch", v.watch);
}
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
template <class A>
void fields(A& a, MetricCheck& v) {
  a("name", v.name);
  a("query", v.query);
  a("expect", v.expect);
}
template <class A>
void fields(A& a, VerifySpec& v) {
  a("prometheus", v.prometheus);
  a("during", v.during);
  a("last", v.last);
  a("step", v.step);
  a("checks", v.checks);
}
template <class A>
void fields(A& a, PromoteSpec& v) {
  a("branch", v.branch);
  a("gate", v.gate);
  a("approval", v.approval);
  if (!A::writes || !v.back_from.empty()) a.later("back_from", v.back_from);
  if (!A::writes || !v.approval_message.empty()) a.later("approval_message", v.approval_message);
  if (!A::writes || v.approval == Approval::manual) a.later("approval_expires", v.approval_expires);
}
template <class A>
void fields(A& a, ApproveSpec& v) {
  a("message", v.message);
  a.later("expires", v.expires);
}
template <class A>
void fields(A& a, FaultSpec& v) {
  a("command", v.command);
  a("undo", v.undo);
  a("prometheus", v.prometheus);
  a("alerts", v.alerts);
  a("within", v.within);
  a("resolved_within", v.resolved_within);
}
template <class A>
void fields(A& a, StageTraits& v) {
  a.later("takes_slot", v.takes_slot);
  a.later("runs_in_tree", v.runs_in_tree);
  a.later("makes_environment", v.makes_environment);
  a.later("keeps_environment", v.keeps_environment);
  a.later("promotes", v.promotes);
  a.later("loads", v.loads);
  a.later("leaves_window", v.leaves_window);
  a.later("tests", v.tests);
  a.later("may_keep_artifacts", v.may_keep_artifacts);
  a.later("keeps_artifacts", v.keeps_artifacts);
  a.later("waits_for_person", v.waits_for_person);
}
template <class A>
void fields(A& a, OpenSpec& v) {
  Verbatim spec{v.json};
  a("kind", v.kind);
  a("spec", spec);
  a("traits", v.traits);
}
template <class A>
void fields(A& a, StageBody& v) {
  alternative(a, "test", v, std::type_identity<TestSpec>{});
  alternative(a, "apply", v, std::type_identity<ApplySpec>{});
  alternative(a, "load", v, std::type_identity<LoadSpec>{});
  alternative(a, "verify", v, std::type_identity<VerifySpec>{});
  alternative(a, "promote", v, std::type_identity<PromoteSpec>{});
  alternative(a, "approve", v, std::type_identity<ApproveSpec>{});
  alternative(a, "fault", v, std::type_identity<FaultSpec>{});
  alternative(a, "open", v, std::type_identity<OpenSpec>{});
}
template <class A>
void fields(A& a, RetryPolicy& v) {
  a("attempts", v.attempts);
  a("when", v.when);
}
template <class A>
void fields(A& a, StageSpec& v) {
  a("name", v.name);
  a("needs", v.needs);
  a("if", v.condition);
  a("body", v.body);
  a("environment", v.environment);
  a("timeout", v.timeout);
  a("retry", v.retry);
  a("continue_on_error", v.continue_on_error);
  if (!A::writes || !v.lock.empty()) a.later("lock", v.lock);
  if (!A::writes || !v.from.empty()) a.later("from", v.from);
  if (!A::writes || v.waives_order) a.later("waives_order", v.waives_order);
  if (!A::writes || !v.left_out.empty()) a.later("left_out", v.left_out);
}
template <class A>
void fields(A& a, Plan& v) {
  a("version", v.version);
  a("name", v.name);
  a("run", v.run);
  a("commit", v.commit);
  a("branch", v.branch);
  a("concurrency", v.concurrency);
  a("timeout", v.timeout);
  a("secrets", v.secrets);
  a("stages", v.stages);
  a("hash", v.hash);
}

void Codec<Plan>::encode(std::string& out, const Plan& plan) {
  Writer writer;
  fields(writer, const_cast<Plan&>(plan));  // a Writer only reads
  writer.finish(out);
}
void Codec<Plan>::decode(const JsonValue& json, Plan& plan) {
  Reader reader(json);
  fields(reader, plan);
}

std::string to_json(const Plan& plan) {
  return encoded(plan);
}
std::string to_json(const StageOutcome& outcome) {
  return encoded(outcome);
}

Result<Plan> plan_from_json(const std::string& text) {
  try {
    Plan plan;
    const JsonTree json(text);
    decode(json.root(), plan);
    return plan;
  } catch (const std::exception& error) {
    return infrastructure_error(std::string("a stored plan can't be read: ") + error.what());
  }
}

}  // namespace quietgate
