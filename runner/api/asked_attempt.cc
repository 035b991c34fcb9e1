#include "runner/api/asked_attempt.h"

#include <fmt/format.h>

#include <algorithm>

#include "runner/api/answers.h"

namespace quietgate {

Task<std::variant<AttemptId, Answer>> asked_attempt(ApiContext& context, const Asked& asked, bool may_wait) {
  const auto& stage = asked.names.at("stage");
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  const auto& state = (*kept)->record.state;
  auto found = state.stages.find(stage);
  if (found == state.stages.end() && (state.plan || state.status == RunStatus::finished)) {
    co_return error_answer(404, "run " + to_string(asked.run) + " has no stage `" + stage + "`",
                           "see `quietgate show " + to_string(asked.run) + "`");
  }
  const int latest = found == state.stages.end() ? 0 : found->second.attempt;
  bool bad = false;
  const auto attempt = static_cast<int>(asked.number("attempt", 1, 1000, bad).value_or(std::max(latest, 1)));
  if (bad) co_return error_answer(400, "`attempt` is a number from 1 on");
  if (attempt > latest && !(may_wait && attempt == latest + 1)) {
    co_return error_answer(404, latest == 0
                                    ? "stage `" + stage + "` has not started"
                                    : fmt::format("stage `{}` had {} attempts, not {}", stage, latest, attempt));
  }
  co_return AttemptId{asked.run, stage, attempt};
}

}  // namespace quietgate
