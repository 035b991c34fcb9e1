// Requests a run that puts back what a run promoted over.
#include "runner/model/rollback.h"
#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> roll_back(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"reason"});
  const auto reason = body.reason();
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  const auto& record = (*kept)->record;
  const auto by = actor_of(asked.principal);
  auto request = rollback_request(record.state, 0, by, reason);
  if (!request) co_return error_answer(409, request.error().message, request.error().advice);
  // What it still deploys must not come after what is put back.
  std::vector<Event> before;
  if (!record.over() && !record.state.cancel)
    before.emplace_back(CancelRequested{asked.run, by, "rolled back by " + by + ": " + reason});
  co_return co_await append_run(context, std::move(*request), asked.run.repository, std::move(before));
}

}  // namespace

Route rollback_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/rollback", Permission::promote, small_body, roll_back};
}

}  // namespace quietgate
