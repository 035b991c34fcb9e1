#include "runner/api/requests.h"

#include "runner/api/answers.h"
#include "runner/api/documents.h"

namespace quietgate {

namespace {

constexpr int most_looks = 10;

}  // namespace

Task<ApiResponse> append_request(ApiContext& context, Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  auto appended = co_await context.journal.append(std::move(events));
  if (!appended) co_return failed_answer(appended.error());
  co_return json_answer(accepted_document(*appended), 202);
}

Task<ApiResponse> append_request_of(ApiContext& context, RunId run, RunRequestLook look) {
  for (int looks = 0; looks < most_looks; ++looks) {
    auto kept = co_await context.records.find(run);
    if (!kept) co_return failed_answer(kept.error());
    if (*kept == nullptr) co_return no_run(run);
    const auto seen = (*kept)->record.last;
    auto wanted = look((*kept)->record);
    if (auto* answer = std::get_if<ApiResponse>(&wanted)) co_return std::move(*answer);
    std::vector<Event> events;
    events.push_back(std::get<Event>(std::move(wanted)));
    auto appended = co_await context.journal.append_unless_moved(std::move(events), run, seen);
    if (!appended) co_return failed_answer(appended.error());
    if (*appended) co_return json_answer(accepted_document(**appended), 202);
  }
  co_return error_answer(409, "run " + to_string(run) + " changes too fast for this to be asked of it", "ask again");
}

Task<ApiResponse> append_run(ApiContext& context, RunRequested request, std::string repository,
                             std::vector<Event> before) {
  RunId run{repository, 0};
  auto rows = [&run, &request, &before](std::int64_t number) {
    run.number = number;
    request.run = run;
    before.emplace_back(std::move(request));
    return std::move(before);
  };
  auto appended = co_await context.journal.append_runs(std::move(repository), std::move(rows));
  if (!appended) co_return failed_answer(appended.error());
  auto answer = json_answer(requested_document(run), 201);
  answer.headers.emplace_back("Location", "/api/v1/runs/" + to_string(run));
  co_return std::move(answer);
}

}  // namespace quietgate
