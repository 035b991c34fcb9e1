// What an attempt measured and drew: files as the stage wrote them.
#include "runner/api/asked_attempt.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> attempt_file(ApiContext& context, Asked asked, AttemptFile file, const char* type, const char* what) {
  auto attempt = co_await asked_attempt(context, asked, false);
  if (auto* answer = std::get_if<Answer>(&attempt)) co_return std::move(*answer);
  auto opened = context.attempts.open(std::get<AttemptId>(attempt), file);
  if (!opened) co_return failed_answer(opened.error());
  if (!opened->has_value())
    co_return error_answer(404, "stage `" + asked.names.at("stage") + "` left no " + std::string(what));
  FileAnswer answer;
  answer.file = std::move((*opened)->file);
  answer.size = (*opened)->size;
  answer.content_type = type;
  co_return std::move(answer);
}

Task<ApiResponse> give_tests(ApiContext& context, Asked asked) {
  co_return co_await attempt_file(context, std::move(asked), AttemptFile::tests, "application/json", "test results");
}

Task<ApiResponse> give_measurements(ApiContext& context, Asked asked) {
  co_return co_await attempt_file(context, std::move(asked), AttemptFile::measurements, "application/x-ndjson",
                                  "measurements");
}

Task<ApiResponse> give_chart(ApiContext& context, Asked asked) {
  co_return co_await attempt_file(context, std::move(asked), AttemptFile::chart, "image/svg+xml", "chart");
}

}  // namespace

Route tests_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/tests", Permission::read, no_body, give_tests};
}

Route measurements_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/measurements", Permission::read, no_body,
          give_measurements};
}

Route chart_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/chart", Permission::read, no_body, give_chart};
}

}  // namespace quietgate
