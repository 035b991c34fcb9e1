#include "runner/api/run_records.h"

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t rows_at_once = 512;
constexpr std::size_t kept_runs = 32;

}  // namespace

Result<RunRecords::Entry*> RunRecords::find(const RunId& id) {
  auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) { return entry.first == id; });
  const bool known = found != kept_.end();
  if (!known) {
    kept_.emplace_front(id, Entry{});
    found = kept_.begin();
    found->second.fresh_at = -1;
  }
  auto& kept = found->second;
  const auto now = journal_.last();
  while (kept.fresh_at != now) {
    auto rows = journal_.read(std::max(kept.record.last, kept.fresh_at), rows_at_once, id);
    if (!rows) {
      kept_.erase(found);
      return rows.error();
    }
    for (const auto& row : *rows) kept.record.add(row);
    if (!rows->empty() && std::holds_alternative<RunExpired>(rows->back().event)) {
      kept_.erase(found);
      return nullptr;
    }
    if (!rows->empty()) kept.document.clear();
    if (rows->size() < rows_at_once) kept.fresh_at = now;
  }
  if (kept.record.last == 0) {
    kept_.erase(found);
    return nullptr;
  }
  if (known) kept_.splice(kept_.begin(), kept_, found);
  if (kept_.size() > kept_runs) kept_.pop_back();
  return &kept;
}

bool RunRecords::over(const RunId& run) {
  auto kept = find(run);
  return kept && (*kept == nullptr || (*kept)->record.over());
}

}  // namespace quietgate
