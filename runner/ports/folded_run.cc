#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr std::size_t looked_through = 100;  // newer runs

}  // namespace

Task<Result<void>> read_on(Journal& journal, RunState& state) {
  for (;;) {
    auto rows = co_await journal.read(state.cursor, read_batch, state.id);
    if (!rows) co_return rows.error();
    for (const auto& row : *rows) fold(state, row);
    if (rows->size() < read_batch) co_return Result<void>{};
  }
}

Task<Result<RunState>> fold_run(Journal& journal, RunId run, std::optional<std::int64_t> until) {
  RunState state;
  state.id = run;
  for (;;) {
    auto rows = co_await journal.read(state.cursor, read_batch, run);
    if (!rows) co_return rows.error();
    for (const auto& row : *rows) {
      if (until && row.sequence > *until) co_return state;
      fold(state, row);
    }
    if (rows->size() < read_batch) co_return state;
  }
}

Task<bool> is_put_back(Journal& journal, Catalog& catalog, RunId run) {
  const auto newest = co_await catalog.runs(run.repository, looked_through);
  if (!newest) co_return false;
  for (const auto& other : *newest) {
    if (other.id.number <= run.number) break;
    const auto rows = co_await journal.read(other.first - 1, 1);
    const auto* asked = rows && !rows->empty() ? std::get_if<RunRequested>(&rows->front().event) : nullptr;
    if (asked != nullptr && asked->rollback.of == run) co_return true;
  }
  co_return false;
}

}  // namespace quietgate
