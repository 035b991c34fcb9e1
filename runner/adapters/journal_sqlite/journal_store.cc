#include "runner/adapters/journal_sqlite/journal_store.h"

#include <sys/stat.h>

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t most_recent = 32;
// Of their JSON: a plan has up to 1 MiB, and takes ten times that.
constexpr std::size_t most_recent_bytes = 2UL << 20;

}  // namespace

Error explained(const SqliteError& error, const std::string& doing) {
  std::string advice;
  if (error.code == SQLITE_FULL) advice = "free space on the disk of the data directory; nothing was lost";
  if (error.code == SQLITE_READONLY) advice = "make the data directory writable for the user that runs quietgate";
  if (error.code == SQLITE_IOERR || error.code == SQLITE_CANTOPEN)
    advice = "check the disk: is there space, is the data directory readable and writable for this user?";
  if (error.code == SQLITE_BUSY) advice = "another program has the journal open: end that program";
  if (error.code == SQLITE_CORRUPT || error.code == SQLITE_NOTADB)
    advice = "try `quietgate doctor --repair`, or restore the journal from a backup";
  return infrastructure_error("the journal can't " + doing + ": " + error.what(), advice);
}

std::optional<Error> JournalStore::accept(const std::string& path) {
  // What is read again is in the system's cache; SQLite's own would grow to 2 MB.
  database.execute("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -512");
  const auto version = database.number("PRAGMA user_version");
  const bool fresh = database.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (!fresh && database.number("PRAGMA application_id") != journal_application_id) {
    return infrastructure_error(path + " is not a quietgate journal",
                                "name another data directory, or move the file away");
  }
  if (version > journal_schema_version) {
    return infrastructure_error(path + " was written by a newer quietgate (schema " + std::to_string(version) +
                                    "; this one knows " + std::to_string(journal_schema_version) + ")",
                                "run that version, or restore an older backup");
  }
  if (mode == Database::Mode::write) return std::nullopt;
  if (version == journal_schema_version && wrong_with_schema(database).empty()) return std::nullopt;
  return infrastructure_error(path + " was written by an older quietgate, or its projections are damaged",
                              "start the quietgate that it belongs to once: it brings the file up to date");
}

std::optional<Error> JournalStore::adopt(const std::string& path) {
  if (auto refusal = accept(path)) return refusal;
  const bool fresh = database.number("SELECT count(*) FROM sqlite_schema") == 0;
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000");
  if (!fresh) return mend(path);
  Transaction transaction(database);
  database.execute(events_schema);
  database.execute(projections_schema);
  database.execute("PRAGMA application_id = " + std::to_string(journal_application_id));
  database.execute("PRAGMA user_version = " + std::to_string(journal_schema_version));
  transaction.commit();
  return std::nullopt;
}

std::optional<Error> JournalStore::mend(const std::string& path) {
  const auto wrong = wrong_with_schema(database);
  if (wrong.empty()) return std::nullopt;
  if (std::find(wrong.begin(), wrong.end(), "events") != wrong.end()) {
    return infrastructure_error(path + " is not a journal: its table `events` is missing or has other columns",
                                "restore the journal from a backup, or try `quietgate doctor --repair`");
  }
  rebuild_projections(database);
  return std::nullopt;
}

void JournalStore::prepare() {
  auto* db = database.handle();
  const std::string columns = row_columns;
  projection.emplace(database);
  insert.emplace(db, insert_row);
  read_all.emplace(db, columns + "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
  read_run.emplace(db, columns +
                           "WHERE repository = ?3 AND number = ?4 AND number > 0 AND sequence > ?1 "
                           "ORDER BY sequence LIMIT ?2");
  last = find_last();
  // Where the last ones are lost, one row stands for all of them: their numbers are not given again.
  Statement newest(db, columns + "WHERE sequence = ?1 AND type = 'RowsLost'");
  newest.bind(last);
  const auto row = newest.step() ? row_from(newest) : Result<Row>(Row());
  if (const auto* lost = row ? std::get_if<RowsLost>(&row->event) : nullptr) last = std::max(last, lost->rows.to);
}

std::int64_t JournalStore::find_last() {
  return database.number("SELECT coalesce(max(sequence), 0) FROM events");
}

bool JournalStore::in_place() {
  const char* name = sqlite3_db_filename(database.handle(), "main");
  if (name == nullptr || *name == '\0') return true;  // it is in memory
  int moved = 0;
  struct stat about = {};
  if (sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0)
    return false;
  if (::stat(log.c_str(), &about) != 0) return false;
  const std::pair now(about.st_dev, about.st_ino);
  if (log_file.second == 0) log_file = now;
  return now == log_file;
}

std::optional<std::vector<Row>> JournalStore::newest(std::int64_t after, std::size_t limit,
                                                     const std::optional<RunId>& run) const {
  if (mode == Database::Mode::read) return std::nullopt;
  if (after >= last) return std::vector<Row>();
  if (recent.empty() || after + 1 < recent.front().row.sequence) return std::nullopt;
  std::vector<Row> rows;
  for (auto at = recent.begin() + (after + 1 - recent.front().row.sequence); at != recent.end(); ++at) {
    if (rows.size() == limit) break;
    if (!run || run_of(at->row.event) == *run) rows.push_back(at->row);
  }
  return rows;
}

void JournalStore::keep_newest(std::vector<Event> events, const std::vector<std::size_t>& sizes, Time at) {
  auto sequence = last - static_cast<std::int64_t>(events.size());
  for (std::size_t place = 0; place < events.size(); ++place) {
    recent.push_back({{++sequence, at, std::move(events[place])}, sizes[place]});
    recent_size += sizes[place];
  }
  while (recent.size() > most_recent || (recent.size() > 1 && recent_size > most_recent_bytes)) {
    recent_size -= recent.front().size;
    recent.pop_front();
  }
}

void JournalStore::forget_recent() {
  recent = {};
  recent_size = 0;
}

}  // namespace quietgate
