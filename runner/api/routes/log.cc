// The log of an attempt: its bytes, or as it grows.
#include <algorithm>

#include "runner/api/asked_attempt.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> give_log(ApiContext& context, Asked asked) {
  auto attempt = co_await asked_attempt(context, asked, false);
  if (auto* answer = std::get_if<Answer>(&attempt)) co_return std::move(*answer);
  auto log = context.attempts.open(std::get<AttemptId>(attempt), AttemptFile::log);
  if (!log) co_return failed_answer(log.error());
  FileAnswer answer;
  answer.content_type = "text/plain; charset=utf-8";
  if (log->has_value()) {
    answer.size = (*log)->size;
    answer.file = std::move((*log)->file);
  }
  bool bad = false;
  auto from = asked.number("from", 0, INT64_MAX, bad).value_or(0);
  if (auto tail = asked.number("tail", 0, INT64_MAX, bad)) from = std::max<std::int64_t>(0, answer.size - *tail);
  if (bad) co_return error_answer(400, "`from` and `tail` are numbers of bytes");
  answer.from = std::min(from, answer.size);
  co_return std::move(answer);
}

Task<ApiResponse> follow_log(ApiContext& context, Asked asked) {
  auto attempt = co_await asked_attempt(context, asked, true);
  if (auto* answer = std::get_if<Answer>(&attempt)) co_return std::move(*answer);
  bool bad = false;
  const auto from = asked.resumed("from", bad).value_or(0);
  if (bad) co_return error_answer(400, "`from` and Last-Event-ID are numbers of bytes");
  co_return LogFeed{std::get<AttemptId>(std::move(attempt)), from};
}

}  // namespace

Route log_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/log", Permission::read, no_body, give_log};
}

Route follow_log_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/log/follow", Permission::read, no_body, follow_log};
}

}  // namespace quietgate
