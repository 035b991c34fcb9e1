// Requests a run of a commit whose run has ended.
#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> retry_run(ApiContext& context, Asked asked) {
  const JsonBody body(asked.request, {});
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  const auto& old = (*kept)->record.state;
  if (old.status != RunStatus::finished) {
    co_return error_answer(409, "run " + to_string(asked.run) + " has not ended yet",
                           "wait for it, or cancel it: `quietgate cancel " + to_string(asked.run) + "`");
  }
  RunRequested request{
      {}, old.branch, old.commit, "retry of " + to_string(old.id) + " by " + actor_of(asked.principal), old.rollback};
  co_return co_await append_run(context, std::move(request), asked.run.repository, std::vector<Event>());
}

}  // namespace

Route retry_route() {
  return {"POST", "/api/v1/runs/{repository}/{number}/retry", Permission::operate, small_body, retry_run};
}

}  // namespace quietgate
