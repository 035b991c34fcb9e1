// What a damaged or cut journal has lost, as far as anything can still tell: gaps of its rows, its index of runs, its
// length, and the folders of attempts.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "runner/adapters/journal_sqlite/sqlite.h"
#include "runner/model/event.h"
#include "runner/model/types.h"

namespace quietgate {

struct LostRows {
  Sequences rows;
  std::set<RunId> runs;  // that had rows among them
};

// Runs in the folder beside the journal's file whose attempts began by no row of it: rows of theirs are lost. Those
// that an earlier repair told are left out.
std::set<RunId> runs_without_rows(Database& journal, const std::string& path);

// `gaps`: of the rows that were found in the file at `path`, up to `last`; they stand in `kept`, with their
// projections. Adds what was behind the last one. Throws SqliteError.
std::vector<LostRows> lost_rows(Database& kept, const std::string& path, std::int64_t last,
                                const std::vector<Sequences>& gaps);

}  // namespace quietgate
