// The list of runs, page by page.
#include "runner/api/route.h"

namespace quietgate {

namespace {

// Those among the runs that are one.
Task<std::map<RunId, Rollback>> rollbacks_among(Journal& journal, const std::vector<RunSummary>& runs) {
  std::map<RunId, Rollback> found;
  for (const auto& run : runs) {
    auto rows = co_await journal.read(run.first - 1, 1, std::nullopt);
    const auto* asked = rows && !rows->empty() ? std::get_if<RunRequested>(&rows->front().event) : nullptr;
    if (asked != nullptr && asked->run == run.id && asked->rollback.wanted()) found.emplace(run.id, asked->rollback);
  }
  co_return found;
}

Task<ApiResponse> list_runs(ApiContext& context, Asked asked) {
  // Of before anything is asked: a list of which a part is newer is never found again.
  const RunListCache::Version now{context.journal.last(), context.waiting.version()};
  if (const auto* body = context.lists.find(asked.request.target, now)) co_return json_answer(*body);
  bool bad = false;
  const auto limit = static_cast<std::size_t>(asked.number("limit", 1, 500, bad).value_or(50));
  const auto before = asked.number("before", 0, INT64_MAX, bad).value_or(0);
  if (bad)
    co_return error_answer(400, "`limit` is a number from 1 to 500, `before` the `next_before` of an earlier page");
  auto runs = co_await context.catalog.runs(asked.target.value("repository").value_or(""), limit, before);
  if (!runs) co_return failed_answer(runs.error());
  auto waiting = co_await context.waiting.questions(*runs);
  const auto rollbacks = co_await rollbacks_among(context.journal, *runs);
  const auto& queued = context.waiting.in_queue();
  waiting.insert(waiting.end(), queued.begin(), queued.end());
  auto body = runs_document(*runs, rollbacks, waiting, limit);
  context.lists.keep(asked.request.target, now, body);
  co_return json_answer(std::move(body));
}

}  // namespace

Route runs_route() {
  return {"GET", "/api/v1/runs", Permission::read, no_body, list_runs};
}

}  // namespace quietgate
