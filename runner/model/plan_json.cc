#include "runner/model/plan_json.h"

#include <utility>

#include "runner/model/event.h"
#include "runner/model/plan_fields.h"

namespace quietgate {

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
