#include "runner/ports/folded_run.h"

#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr std::size_t looked_through = 100;  // newer runs

}  // namespace

Result<FoldedRun> fold_run(Journal& journal, const RunId& run) {
  FoldedRun folded;
  folded.state.id = run;
  std::int64_t cursor = 0;
  for (;;) {
    auto rows = journal.read(cursor, read_batch, run);
    if (!rows) return rows.error();
    for (auto& row : *rows) {
      fold(folded.state, row.event, row.at);
      cursor = row.sequence;
      folded.rows.push_back(std::move(row));
    }
    if (rows->size() < read_batch) return folded;
  }
}

bool is_put_back(Journal& journal, Catalog& catalog, const RunId& run) {
  const auto newest = catalog.runs(run.repository, looked_through);
  if (!newest) return false;
  for (const auto& other : *newest) {
    if (other.id.number <= run.number) break;
    const auto rows = journal.read(other.first - 1, 1);
    const auto* asked = rows && !rows->empty() ? std::get_if<RunRequested>(&rows->front().event) : nullptr;
    if (asked != nullptr && asked->rollback.of == run) return true;
  }
  return false;
}

}  // namespace quietgate
