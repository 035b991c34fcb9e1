#include "runner/adapters/journal_sqlite/journal_loss.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "runner/adapters/journal_sqlite/journal_pages.h"
#include "runner/adapters/journal_sqlite/journal_rows.h"
#include "runner/base/folders.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

// An entry of the index has no checksum: one that claims more is damaged itself.
constexpr std::int64_t most_behind = 100'000;

std::set<RunId> told_before(Database& journal) {
  std::set<RunId> told;
  Statement rows(journal.handle(), std::string(row_columns) + "WHERE type = 'RowsLost'");
  while (rows.step()) {
    const auto row = row_from(rows);
    const auto* lost = row ? std::get_if<RowsLost>(&row->event) : nullptr;
    if (lost != nullptr) told.insert(lost->runs.begin(), lost->runs.end());
  }
  return told;
}

// Of one run that the journal knows: `STAGE.ATTEMPT`, as its folder is named.
std::set<std::string> begun_attempts(Database& journal, const RunId& run) {
  std::set<std::string> begun;
  Statement rows(journal.handle(), std::string(row_columns) + "WHERE repository = ?1 AND number = ?2 AND number > 0");
  rows.bind(run.repository, run.number);
  while (rows.step()) {
    const auto row = row_from(rows);
    const auto* started = row ? std::get_if<StageStarted>(&row->event) : nullptr;
    if (started != nullptr) begun.insert(attempt_folder(started->stage, started->attempt));
  }
  return begun;
}

bool is_attempt(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot != std::string::npos && dot > 0 && number_of(std::string_view(name).substr(dot + 1)) > 0;
}

enum class Known { no, open, over };

Known known(Database& journal, const RunId& run) {
  Statement found(journal.handle(), "SELECT status FROM runs WHERE repository = ?1 AND number = ?2");
  found.bind(run.repository, run.number);
  if (found.step()) return found.text(0) == to_string(RunStatus::finished) ? Known::over : Known::open;
  // Its rows have expired, and a crash came before its files did.
  Statement rows(journal.handle(), "SELECT 1 FROM events WHERE repository = ?1 AND number = ?2 AND number > 0 LIMIT 1");
  rows.bind(run.repository, run.number);
  return rows.step() ? Known::over : Known::no;
}

// The run whose rows stand on both sides of the gap.
void ask_neighbours(Database& kept, LostRows& lost) {
  const auto beside = [&](const char* question, std::int64_t sequence) {
    Statement row(kept.handle(), question);
    row.bind(sequence);
    return row.step() ? RunId{row.text(0), row.integer(1)} : RunId{};
  };
  const auto before = beside("SELECT repository, number FROM events WHERE sequence < ?1 ORDER BY sequence DESC LIMIT 1",
                             lost.rows.from);
  const auto after =
      beside("SELECT repository, number FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT 1", lost.rows.to);
  if (before == after && before.number > 0) lost.runs.insert(before);
}

}  // namespace

std::set<RunId> runs_without_rows(Database& journal, const std::string& path) {
  std::set<RunId> lost;
  const DataLayout layout(fs::path(path).parent_path().string());
  const auto told = told_before(journal);
  for (const auto& repository : folders_in(layout.runs())) {
    for (const auto& folder : folders_in(layout.runs_of(repository))) {
      const RunId run{repository, number_of(folder)};
      if (run.number <= 0 || told.contains(run)) continue;
      const auto state = known(journal, run);
      if (state == Known::no) lost.insert(run);
      if (state != Known::open) continue;
      const auto begun = begun_attempts(journal, run);
      const auto attempts = folders_in(layout.run(run));
      const bool unbegun = std::any_of(attempts.begin(), attempts.end(), [&](const std::string& name) {
        return is_attempt(name) && !begun.contains(name);
      });
      if (unbegun) lost.insert(run);
    }
  }
  return lost;
}

std::vector<LostRows> lost_rows(Database& kept, const std::string& path, std::int64_t last,
                                const std::vector<Sequences>& gaps) {
  std::vector<LostRows> lost;
  for (const auto& gap : gaps) lost.push_back({gap, {}});
  LostRows tail{{last + 1, last}, {}};
  const auto witness = [&](const FoundEntry& entry) {
    if (entry.sequence > last + most_behind) return;
    if (entry.sequence > last) {
      tail.rows.to = std::max(tail.rows.to, entry.sequence);
      tail.runs.insert(entry.run);
      return;
    }
    auto gap = std::upper_bound(lost.begin(), lost.end(), entry.sequence,
                                [](std::int64_t sequence, const LostRows& each) { return sequence < each.rows.from; });
    if (gap != lost.begin() && entry.sequence <= std::prev(gap)->rows.to) std::prev(gap)->runs.insert(entry.run);
  };
  auto ends_early = find_entries(path, witness);
  if (!ends_early) throw SqliteError(SQLITE_CANTOPEN, ends_early.error().message);
  for (const auto& run : runs_without_rows(kept, path)) {
    const bool told = std::any_of(lost.begin(), lost.end(), [&](const auto& each) { return each.runs.contains(run); });
    if (!told) tail.runs.insert(run);
  }
  // How many there were nobody knows any more.
  if ((*ends_early || !tail.runs.empty()) && tail.rows.to == last) tail.rows.to = last + 1;
  for (auto& each : lost) {
    if (each.runs.empty()) ask_neighbours(kept, each);
  }
  if (tail.rows.to > last) lost.push_back(std::move(tail));
  return lost;
}

}  // namespace quietgate
