#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr std::size_t looked_through = 100;  // newer runs

}  // namespace

Result<void> read_on(Journal& journal, RunState& state) {
  for (;;) {
    auto rows = journal.read(state.cursor, read_batch, state.id);
    if (!rows) return rows.error();
    for (const auto& row : *rows) fold(state, row);
    if (rows->size() < read_batch) return {};
  }
}

Result<RunState> fold_run(Journal& journal, const RunId& run, std::optional<std::int64_t> until) {
  RunState state;
  state.id = run;
  for (;;) {
    auto rows = journal.read(state.cursor, read_batch, run);
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (until && row.sequence > *until) return state;
      fold(state, row);
    }
    if (rows->size() < read_batch) return state;
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
