#include "runner/api/requests.h"

#include "runner/api/answers.h"
#include "runner/api/documents.h"

namespace quietgate {

Task<ApiResponse> append_request(ApiContext& context, Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  auto appended = co_await context.journal.append(std::move(events));
  if (!appended) co_return failed_answer(appended.error());
  co_return json_answer(accepted_document(*appended), 202);
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
