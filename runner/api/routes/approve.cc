// Answers a stage that waits for a person.
#include <chrono>

#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Time now_of(const ApiOptions& options) {
  if (options.now) return options.now();
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

// Whether the stage's last question was answered by nobody, or can't be any more.
bool is_expired(const StageState& stage, const StageRecord& record, Time now) {
  if (stage.status == StageStatus::awaiting_approval) return stage.asks_until != Time{} && now >= stage.asks_until;
  return stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::cancelled && !stage.approval &&
         record.asked_until != Time{} && stage.finished >= record.asked_until;
}

Answer too_late(const RunState& run, const std::string& stage, Time until) {
  const auto name = to_string(run.id);
  const bool promotes = traits_of(*run.plan->find(stage)).promotes;
  return error_answer(
      409, "nobody answered the question of stage `" + stage + "` in time: it expired at " + iso_time(until),
      promotes ? "promote it by hand when the run has ended: quietgate promote " + name + " --reason TEXT"
               : "retry the run to be asked again: quietgate retry " + name);
}

Task<ApiResponse> approve_stage(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"granted", "reason"});
  if (!body.has("granted")) body.set_problem("`granted` is needed: true or false");
  const auto reason = body.text("reason");
  const bool granted = body.flag("granted", true);
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  auto kept = context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  const auto& record = (*kept)->record;
  const auto& stage = asked.names.at("stage");
  auto found = record.state.stages.find(stage);
  if (found == record.state.stages.end())
    co_return error_answer(404, "run " + to_string(asked.run) + " has no stage `" + stage + "`");
  const auto* told = record.stage(stage);
  if (told != nullptr && is_expired(found->second, *told, now_of(context.options)))
    co_return too_late(record.state, stage, told->asked_until);
  if (found->second.status != StageStatus::awaiting_approval) {
    co_return error_answer(409, "stage `" + stage + "` does not wait for an approval: it is " +
                                    std::string(to_string(found->second.status)));
  }
  Event event = ApprovalGiven{asked.run, stage, actor_of(asked.principal), reason, granted};
  co_return co_await append_request(context, std::move(event));
}

}  // namespace

Route approve_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/stages/{stage}/approval", Permission::operate, small_body,
          approve_stage};
}

}  // namespace quietgate
