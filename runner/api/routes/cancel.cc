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
  auto kept = context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  const auto& record = (*kept)->record;
  if (record.over()) {
    co_return error_answer(409,
                           "run " + to_string(asked.run) + " has ended already: " + to_string(record.state.outcome));
  }
  if (record.state.cancel) co_return json_answer(accepted_document(record.last), 202);
  const auto by = actor_of(asked.principal);
  Event event = CancelRequested{asked.run, by, "cancelled by " + by + (reason.empty() ? "" : ": " + reason)};
  co_return co_await append_request(context, std::move(event));
}

}  // namespace

Route cancel_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/cancel", Permission::operate, small_body, cancel_run};
}

}  // namespace quietgate
