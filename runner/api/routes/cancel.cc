// Has a run cancelled.
#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> cancel_run(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"reason"});
  const auto reason = body.text("reason");
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  const auto by = actor_of(asked.principal);
  const Event event = CancelRequested{asked.run, by, "cancelled by " + by + (reason.empty() ? "" : ": " + reason)};
  RunRequestLook look = [event](const RunRecord& record) -> std::variant<ApiResponse, Event> {
    if (record.over()) {
      return error_answer(409,
                          "run " + to_string(run_of(event)) + " has ended already: " + to_string(record.state.outcome));
    }
    if (record.state.cancel) return json_answer(accepted_document(record.last), 202);
    return event;
  };
  co_return co_await append_request_of(context, asked.run, std::move(look));
}

}  // namespace

Route cancel_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/cancel", Permission::operate, small_body, cancel_run};
}

}  // namespace quietgate
