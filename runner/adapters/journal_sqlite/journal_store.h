// The open file of a journal, its statements, and how its errors are told: what the journal, the catalog and the
// archive work on.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "runner/adapters/journal_sqlite/journal_projection.h"
#include "runner/adapters/journal_sqlite/journal_rows.h"
#include "runner/adapters/journal_sqlite/sqlite.h"
#include "runner/ports/clock.h"
#include "runner/ports/journal.h"

namespace quietgate {

// `doing`: "be written". With advice for the user where there is one.
Error explained(const SqliteError& error, const std::string& doing);

// Asks the projections; every question fails in the same way.
template <class Question>
auto ask_store(const Question& question) -> Result<decltype(question())> {
  try {
    return question();
  } catch (const SqliteError& error) {
    return explained(error, "be read");
  }
}

// Used by one thread. Its functions throw SqliteError.
struct JournalStore {
  JournalStore(const std::string& path, const Clock& with_clock, Executor executor, Database::Mode access)
      : database(path, access), mode(access), clock(with_clock), bell(std::move(executor)), log(path + "-wal") {}

  // Makes a new file a journal, or refuses one that is none.
  std::optional<Error> adopt(const std::string& path);
  // Refuses a file that is no journal of this version.
  std::optional<Error> accept(const std::string& path);
  // Projections and indices are made of the rows: what is missing of them is made anew.
  std::optional<Error> mend(const std::string& path);
  void prepare();
  // Whether what is written goes to the file of that name still. Rows in a file that nobody will find are lost rows.
  bool in_place();
  // The newest rows, from memory: whoever follows the journal reads each of them as soon as it is written. Nothing: the
  // file must be asked.
  std::optional<std::vector<Row>> newest(std::int64_t after, std::size_t limit, const std::optional<RunId>& run) const;
  // `sizes`: of the events' payloads.
  void keep_newest(std::vector<Event> events, const std::vector<std::size_t>& sizes, Time at);
  void forget_recent();

  // The sequence of the last row, also when another process writes.
  std::int64_t find_last();

  Database database;
  const Database::Mode mode;
  const Clock& clock;
  Bell bell;
  std::string log;  // the write-ahead log's path
  std::pair<dev_t, ino_t> log_file{};
  std::int64_t last = 0;
  std::map<std::string, std::int64_t> used_numbers;  // by repository: whatever the rows say
  std::set<std::string> held_numbers;                // repositories of which the used ones are not known
  struct Kept {
    Row row;
    std::size_t size = 0;
  };
  std::deque<Kept> recent;  // without gaps, up to `last`; empty: not kept
  std::size_t recent_size = 0;
  std::optional<Projection> projection;
  std::optional<Statement> insert, read_all, read_run;
};

}  // namespace quietgate
