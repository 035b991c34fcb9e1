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

// The event that answers the stage's question; or why it isn't asked.
std::variant<ApiResponse, Event> approval_of(const RunRecord& record, const Event& event, Time now) {
  const auto& given = std::get<ApprovalGiven>(event);
  if (record.over())
    return error_answer(409, "run " + to_string(given.run) + " has ended already: " + to_string(record.state.outcome));
  auto found = record.state.stages.find(given.stage);
  if (found == record.state.stages.end())
    return error_answer(404, "run " + to_string(given.run) + " has no stage `" + given.stage + "`");
  const auto* told = record.stage(given.stage);
  if (told != nullptr && is_expired(found->second, *told, now))
    return too_late(record.state, given.stage, told->asked_until);
  if (found->second.status != StageStatus::awaiting_approval) {
    return error_answer(409, "stage `" + given.stage + "` does not wait for an approval: it is " +
                                 std::string(to_string(found->second.status)));
  }
  return event;
}

Task<ApiResponse> approve_stage(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"granted", "reason"});
  if (!body.has("granted")) body.set_problem("`granted` is needed: true or false");
  const auto reason = body.text("reason");
  const bool granted = body.flag("granted", true);
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  const Event event = ApprovalGiven{asked.run, asked.names.at("stage"), actor_of(asked.principal), reason, granted};
  RunRequestLook look = [event, now = now_of(context.options)](const RunRecord& record) {
    return approval_of(record, event, now);
  };
  co_return co_await append_request_of(context, asked.run, std::move(look));
}

}  // namespace

Route approve_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/stages/{stage}/approval", Permission::operate, small_body,
          approve_stage};
}

}  // namespace quietgate
