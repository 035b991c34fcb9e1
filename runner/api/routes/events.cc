// The journal's rows, of one run or of all, as they are written.
#include "runner/api/route.h"

namespace quietgate {

namespace {

constexpr std::size_t rows_of_a_page = 512;

Answer no_sequence() {
  return error_answer(400, "`after` and Last-Event-ID are the sequence of a row");
}

Task<ApiResponse> follow_all_events(ApiContext& context, Asked asked) {
  bool bad = false;
  const auto after = asked.resumed("after", bad).value_or(context.journal.last());
  if (bad) co_return no_sequence();
  co_return EventFeed{std::nullopt, after};
}

Task<ApiResponse> tell_run_events(ApiContext& context, Asked asked) {
  auto run = co_await context.catalog.run(asked.run);
  if (!run) co_return failed_answer(run.error());
  if (!run->has_value()) co_return no_run(asked.run);
  bool bad = false;
  const auto after = asked.resumed("after", bad).value_or(0);
  if (bad) co_return no_sequence();
  if (asked.request.accept.find("application/json") == std::string::npos) co_return EventFeed{asked.run, after};
  auto rows = co_await context.journal.read(after, rows_of_a_page, asked.run);
  if (!rows) co_return failed_answer(rows.error());
  co_return json_answer(rows_document(*rows, rows->size() == rows_of_a_page));
}

}  // namespace

Route all_events_route() {
  return {"GET", "/api/v1/events", Permission::read, no_body, follow_all_events};
}

Route run_events_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/events", Permission::read, no_body, tell_run_events};
}

}  // namespace quietgate
