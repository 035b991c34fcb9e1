#include "runner/api/waiting_runs.h"

#include <algorithm>
#include <iterator>

#include "runner/api/questions.h"

namespace quietgate {

const std::vector<Waiting>& WaitingRuns::in_queue() {
  const auto now = version();
  if (queue_ != nullptr && waiting_at_ != now) {
    waiting_ = queue_->waiting();
    waiting_at_ = now;
  }
  return waiting_;
}

std::vector<Waiting> WaitingRuns::of(const RunRecord& record) {
  auto mine = questions_of(record);
  if (queue_ == nullptr || !queue_->waits(record.state.id)) return mine;
  for (const auto& each : in_queue()) {
    if (each.run == record.state.id) mine.push_back(each);
  }
  return mine;
}

Task<std::vector<Waiting>> WaitingRuns::questions(const std::vector<RunSummary>& runs) {
  std::vector<Waiting> all;
  for (const auto& run : runs) {
    if (run.status != RunStatus::running) continue;
    // A thousand runs may wait for other things: their rows are not read for this.
    if (queue_ != nullptr && !queue_->asks(run.id)) continue;
    auto kept = co_await records_.find(run.id);
    if (!kept || *kept == nullptr) continue;
    auto asked = questions_of((*kept)->record);
    std::move(asked.begin(), asked.end(), std::back_inserter(all));
  }
  co_return all;
}

}  // namespace quietgate
