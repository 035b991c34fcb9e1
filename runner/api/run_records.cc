#include "runner/api/run_records.h"

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t rows_at_once = 512;
constexpr std::size_t kept_runs = 32;

}  // namespace

// Put in front of the others.
std::shared_ptr<RunRecords::Entry> RunRecords::entry_of(const RunId& id) {
  auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) { return entry.first == id; });
  if (found == kept_.end()) {
    kept_.emplace_front(id, std::make_shared<Entry>());
    if (kept_.size() > kept_runs) kept_.pop_back();
  } else {
    kept_.splice(kept_.begin(), kept_, found);
  }
  return kept_.front().second;
}

void RunRecords::forget(const RunId& id) {
  std::erase_if(kept_, [&](const auto& entry) { return entry.first == id; });
}

Task<Result<std::shared_ptr<RunRecords::Entry>>> RunRecords::find(RunId id) {
  using Found = std::shared_ptr<Entry>;
  const auto kept = entry_of(id);
  const auto now = journal_.last();
  while (kept->fresh_at < now) {
    auto rows = co_await journal_.read(std::max(kept->record.last, kept->fresh_at), rows_at_once, id);
    if (!rows) {
      forget(id);
      co_return rows.error();
    }
    if (!rows->empty() && std::holds_alternative<RunExpired>(rows->back().event)) {
      forget(id);
      co_return Found();
    }
    for (const auto& row : *rows) {
      if (row.sequence <= kept->record.last) continue;  // who asked beside this has added it
      kept->record.add(row);
      kept->document.clear();
    }
    if (rows->size() < rows_at_once) kept->fresh_at = std::max(kept->fresh_at, now);
  }
  if (kept->record.last == 0) {
    forget(id);
    co_return Found();
  }
  co_return kept;
}

Task<bool> RunRecords::over(RunId run) {
  const auto kept = co_await find(std::move(run));
  co_return kept && (*kept == nullptr || (*kept)->record.over());
}

}  // namespace quietgate
