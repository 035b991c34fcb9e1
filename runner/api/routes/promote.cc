// Has a run's commit promoted, which its gate refused.
#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

// The promote stage that was refused; null, and why there is none.
const StageSpec* refused_stage(const RunState& state, std::string& why) {
  const auto name = to_string(state.id);
  const StageSpec* refused = nullptr;
  why = "run " + name + " has no promote stage";
  if (!state.plan) return nullptr;
  for (const auto& spec : state.plan->stages) {
    if (!traits_of(spec).promotes) continue;
    const auto& stage = state.stages.at(spec.name);
    if (stage.promoted || (stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::passed)) {
      why = "run " + name + " was promoted already";
    } else if (stage.status == StageStatus::finished) {
      refused = &spec;
    } else {
      why = "stage `" + spec.name + "` of run " + name + " never ran: " + stage.outcome.reason;
    }
  }
  return refused;
}

// The event that has the run promoted; or why it can't be.
std::variant<ApiResponse, Event> promotion_of(const RunRecord& record, const Event& event) {
  const auto name = to_string(record.state.id);
  if (!record.over())
    return error_answer(409, "run " + name + " has not ended yet", "wait for it; the gate may promote it by itself");
  if (record.state.cancel)
    return error_answer(409, "run " + name + " was cancelled", "retry it: `quietgate retry " + name + "`");
  std::string why;
  const auto* refused = refused_stage(record.state, why);
  if (refused == nullptr) return error_answer(409, why, "see `quietgate show " + name + "`");
  const auto& gate = record.state.stages.at(refused->name).outcome.gate;
  if (gate && gate->verdict != GateVerdict::quiet && !std::get<PromotionRequested>(event).override_gate) {
    return error_answer(409, std::string("the gate was ") + to_string(gate->verdict) + ": " + gate->sentence,
                        "fix the cause and push again, or promote with `--override`, which the evidence records");
  }
  return event;
}

Task<ApiResponse> promote_run(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"reason", "override"});
  const bool overrides = body.flag("override", false);
  const auto reason = body.reason();
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  if (overrides) {
    if (auto refusal = permission_refusal(asked.principal, Permission::override_gate)) co_return std::move(*refusal);
  }
  const Event event = PromotionRequested{asked.run, actor_of(asked.principal), reason, overrides};
  RunRequestLook look = [event](const RunRecord& record) { return promotion_of(record, event); };
  co_return co_await append_request_of(context, asked.run, std::move(look));
}

}  // namespace

Route promote_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/promote", Permission::promote, small_body, promote_run};
}

}  // namespace quietgate
