// Looking after a journal's file: is it whole, a copy of it, a mended one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/adapters/journal_sqlite/journal_loss.h"
#include "runner/base/result.h"
#include "runner/model/event.h"

namespace quietgate {

struct JournalHealth {
  std::int64_t rows = 0;              // good ones
  std::int64_t last = 0;              // sequence of the last row
  std::vector<Sequences> lost;        // damaged or missing, and nothing in the journal says why
  std::vector<Sequences> known_lost;  // an earlier repair said so
  std::vector<std::string> problems;  // one sentence each, at most 20
  bool rows_whole() const { return lost.empty() && readable; }
  bool whole() const { return rows_whole() && problems.empty(); }
  bool readable = true;  // SQLite could read all of the rows
};

// Reads everything and changes nothing; a service may be running. Fails when there is no journal to look at.
Result<JournalHealth> examine_journal(const std::string& path);

// Copies the journal as it is at one moment, beside a running service, to a file that is complete and synced when it
// gets its name. Answers what is in the copy. Fails, leaving nothing, when `to` exists, the disk is full, or the copy
// is not whole.
Result<JournalHealth> backup_journal(const std::string& path, const std::string& to);

struct JournalRepair {
  bool changed = false;
  std::int64_t rows = 0;       // kept: every row whose checksum holds
  std::vector<LostRows> lost;  // told by RowsLost rows from now on
  std::vector<RunId> ended;    // runs that were under way over a lost row: they end as errors
  std::string kept_as;         // where the damaged file is now; empty when only projections were made anew
};

// Mends the journal. Nobody else may use it meanwhile (the caller holds the data directory's lock). An interrupted
// repair is finished by the next. Fails when nothing can be mended, and changes nothing then.
Result<JournalRepair> repair_journal(const std::string& path, Time now);

}  // namespace quietgate
