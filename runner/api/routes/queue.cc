// What waits, and for what.
#include <algorithm>
#include <iterator>

#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> list_waiting(ApiContext& context, Asked) {
  auto unfinished = co_await context.catalog.unfinished_runs();
  if (!unfinished) co_return failed_answer(unfinished.error());
  auto asked = co_await context.waiting.questions(*unfinished);
  auto all = context.waiting.in_queue();
  std::move(asked.begin(), asked.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.since < b.since; });
  co_return json_answer(queue_document(all));
}

}  // namespace

Route queue_route() {
  return {"GET", "/api/v1/queue", Permission::read, no_body, list_waiting};
}

}  // namespace quietgate
