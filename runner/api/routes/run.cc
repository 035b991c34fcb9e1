// One run with its stages.
#include "runner/api/route.h"

namespace quietgate {

namespace {

constexpr std::int64_t largest_progress = 16 * 1024;

Task<ApiResponse> show_run(ApiContext& context, Asked asked) {
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  auto& entry = **kept;
  if (!entry.document.empty()) co_return json_answer(entry.document);
  auto& store = context.attempts;
  const auto progress = [&store, &asked](const std::string& stage, int attempt) {
    return text_of(store, {asked.run, stage, attempt}, AttemptFile::progress, largest_progress);
  };
  auto body = run_document(entry.record, context.waiting.of(entry.record), progress);
  if (entry.record.over()) entry.document = body;
  co_return json_answer(std::move(body));
}

}  // namespace

Route run_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}", Permission::read, no_body, show_run};
}

}  // namespace quietgate
