#include "runner/adapters/journal_sqlite/journal_care.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "runner/adapters/journal_sqlite/journal_loss.h"
#include "runner/adapters/journal_sqlite/journal_pages.h"
#include "runner/adapters/journal_sqlite/journal_projection.h"
#include "runner/adapters/journal_sqlite/journal_rows.h"
#include "runner/base/descriptor.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_problems = 20;

bool exists(const std::string& path) {
  std::error_code code;
  return fs::exists(path, code);
}

Error failed(const std::string& doing, const std::string& why) {
  return infrastructure_error("the journal can't be " + doing + ": " + why,
                              "check the space and the permissions of the data directory");
}

Result<void> synced(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!file || ::fsync(file.get()) != 0) return failed("written", path + ": " + strerrordesc_np(errno));
  return {};
}

std::string folder_of(const std::string& path) {
  auto folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<void> renamed(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("renamed", from + ": " + strerrordesc_np(errno));
  return {};
}

// Gaps of the rows that were seen in order, with what accounts for them.
class Gaps {
 public:
  void see(std::int64_t sequence) {
    if (sequence > last_ + 1) add(last_ + 1, sequence - 1);
    last_ = sequence;
  }
  void see(const Row& row) {
    see(row.sequence);
    if (const auto* lost = std::get_if<RowsLost>(&row.event)) {
      last_ = std::max(last_, lost->rows.to);
      known_.push_back(lost->rows);
    }
    if (const auto* expired = std::get_if<RunExpired>(&row.event)) {
      for (const auto& rows : expired->rows) accounted_[rows.from] = rows.to;
    }
  }
  void damaged(std::int64_t sequence) {
    see(sequence);
    add(sequence, sequence);
  }
  std::int64_t last() const { return last_; }
  const std::vector<Sequences>& known() const { return known_; }

  // What no row accounts for.
  std::vector<Sequences> unaccounted() const {
    std::vector<Sequences> left;
    for (const auto& gap : gaps_) {
      auto at = gap.from;
      while (at <= gap.to) {
        auto next = accounted_.upper_bound(at);
        const auto held = next == accounted_.begin() ? accounted_.end() : std::prev(next);
        if (held != accounted_.end() && held->second >= at) {
          at = held->second + 1;
          continue;
        }
        const auto to = next == accounted_.end() ? gap.to : std::min(gap.to, next->first - 1);
        left.push_back({at, to});
        at = to + 1;
      }
    }
    return left;
  }

 private:
  void add(std::int64_t from, std::int64_t to) {
    if (!gaps_.empty() && gaps_.back().to + 1 == from) {
      gaps_.back().to = to;
    } else {
      gaps_.push_back({from, to});
    }
  }
  std::int64_t last_ = 0;
  std::vector<Sequences> gaps_;
  std::vector<Sequences> known_;
  std::map<std::int64_t, std::int64_t> accounted_;
};

void note(JournalHealth& health, std::string problem) {
  if (health.problems.size() < most_problems) health.problems.push_back(std::move(problem));
}

// What the projections say is compared with what the rows make of them.
void compare_projections(Database& database, Database& fresh, JournalHealth& health) {
  for (const auto* table : {"runs", "repositories", "branches", "environments"}) {
    const auto rows = [&](Database& of) {
      std::map<std::string, std::string> found;
      Statement statement(of.handle(), std::string("SELECT * FROM ") + table);
      while (statement.step()) {
        std::string row;
        for (int column = 0; column < statement.columns(); ++column) row += statement.text(column) + '\0';
        found[row] = statement.text(0) + (std::string_view(table) == "runs" ? "/" + statement.text(1) : "");
      }
      return found;
    };
    const auto wanted = rows(fresh);
    const auto here = rows(database);
    for (const auto& [row, name] : wanted) {
      if (!here.contains(row)) note(health, std::string(table) + ": " + name + " does not match its rows");
    }
    for (const auto& [row, name] : here) {
      if (!wanted.contains(row)) note(health, std::string(table) + ": " + name + " exists without its rows");
    }
  }
}

JournalHealth examine(Database& database) {
  JournalHealth health;
  database.execute("BEGIN");
  Database fresh(":memory:");
  fresh.execute(events_schema);
  fresh.execute(projections_schema);
  Gaps gaps;
  try {
    Projection projection(fresh);
    Statement rows(database.handle(), std::string(row_columns) + "ORDER BY sequence");
    while (rows.step()) {
      auto row = row_from(rows);
      if (!row) {
        note(health, row.error().message);
        gaps.damaged(rows.integer(0));
        continue;
      }
      ++health.rows;
      gaps.see(*row);
      projection.add(row->sequence, row->at, row->event);
    }
  } catch (const SqliteError& error) {
    health.readable = false;
    note(health, std::string("rows behind ") + std::to_string(gaps.last()) + " can't be read: " + error.what());
  }
  health.last = gaps.last();
  health.lost = gaps.unaccounted();
  health.known_lost = gaps.known();
  for (const auto& lost : health.lost) {
    note(health, "rows " + std::to_string(lost.from) + " to " + std::to_string(lost.to) + " are missing or damaged");
  }
  try {
    for (const auto& name : wrong_with_schema(database)) note(health, name + " is missing, or is another one");
    if (health.problems.empty()) compare_projections(database, fresh, health);
    Statement integrity(database.handle(), "PRAGMA integrity_check(10)");
    while (integrity.step()) {
      if (integrity.text(0) != "ok") note(health, "SQLite: " + integrity.text(0));
    }
  } catch (const SqliteError& error) {
    note(health, error.what());
  }
  return health;
}

std::optional<Error> refusal(Database& database, const std::string& path) {
  if (database.number("PRAGMA application_id") != journal_application_id) {
    return infrastructure_error(path + " is not a quietgate journal");
  }
  return std::nullopt;
}

struct Salvage {
  std::int64_t rows = 0;
  std::vector<LostRows> lost;
  std::vector<RunId> ended;
};

// Copies all rows whose checksum holds to a journal that has none. Answers their gaps.
Gaps copy_rows(const std::string& from, Database& to, std::int64_t& count) {
  Transaction transaction(to);
  Statement keep(to.handle(),
                 "INSERT OR IGNORE INTO events (sequence, at, type, repository, number, payload, checksum) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST(?7 AS BLOB))");
  auto found = find_rows(from, [&](const FoundRow& row) {
    const auto event = event_from_json(row.type, row.payload);
    if (!event) throw SqliteError(SQLITE_CORRUPT, event.error().message);
    keep.bind(row.sequence, row.at, row.type, repository_of(*event), run_of(*event).number, row.payload,
              checksum_of(row.sequence, row.at, row.type, row.payload))
        .run();
  });
  if (!found) throw SqliteError(SQLITE_CANTOPEN, found.error().message);
  Gaps gaps;
  Statement rows(to.handle(), std::string(row_columns) + "ORDER BY sequence");
  while (rows.step()) {
    if (auto row = row_from(rows)) gaps.see(*row);
    ++count;
  }
  transaction.commit();
  return gaps;
}

// Says in the journal what is lost, and ends the runs that may have lost rows.
std::vector<RunId> tell_lost(Database& database, const std::vector<LostRows>& all, std::int64_t last, Time now) {
  std::vector<RunId> open;
  Statement runs(database.handle(), "SELECT repository, number FROM runs WHERE status <> 'finished' AND first < ?1");
  runs.bind(all.back().rows.to);
  while (runs.step()) open.push_back({runs.text(0), runs.integer(1)});
  Statement tell(database.handle(), insert_row);
  for (const auto& lost : all) {
    const RowsLost row{lost.rows, "damaged or missing when the journal was repaired",
                       std::vector<RunId>(lost.runs.begin(), lost.runs.end())};
    insert(tell, lost.rows.from, now, row);
  }
  Projection projection(database);
  last = std::max(last, all.back().rows.to);
  for (const auto& run : open) {
    const Event end =
        RunFinished{run, Outcome::error, "rows of the journal were lost while it was under way: retry it"};
    insert(tell, ++last, now, end);
    projection.add(last, now, end);
  }
  return open;
}

// All rows whose checksum holds, in a new journal; told there is what is lost.
Salvage salvage(const std::string& from, const std::string& to, Time now) {
  Salvage done;
  Database database(to);
  database.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  database.execute(events_schema);
  const auto gaps = copy_rows(from, database, done.rows);
  rebuild_projections(database);
  done.lost = lost_rows(database, from, gaps.last(), gaps.unaccounted());
  Transaction transaction(database);
  if (!done.lost.empty()) done.ended = tell_lost(database, done.lost, gaps.last(), now);
  database.execute("PRAGMA application_id = " + std::to_string(journal_application_id));
  database.execute("PRAGMA user_version = " + std::to_string(journal_schema_version));
  transaction.commit();
  return done;
}

// `20260203T040506Z`.
std::string stamp(Time now) {
  auto text = iso_time(now).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// A whole journal that is an older one: there are attempts that no row of it began.
bool lacks_rows(const std::string& path) {
  try {
    Database database(path, Database::Mode::read);
    return !runs_without_rows(database, path).empty();
  } catch (const SqliteError&) {
    return false;
  }
}

// The new file takes the old one's name. Between the renames there is no journal, and whoever opens it is told why.
Result<void> swap_in(const std::string& path, const std::string& kept_as) {
  for (const auto* suffix : {"", "-wal"}) {
    if (!exists(path + suffix)) continue;
    if (auto moved = renamed(path + suffix, kept_as + suffix); !moved) return moved;
  }
  std::error_code code;
  fs::remove(path + "-shm", code);
  if (auto moved = renamed(path + ".repaired", path); !moved) return moved;
  return synced(folder_of(path), O_DIRECTORY);
}

}  // namespace

Result<JournalHealth> examine_journal(const std::string& path) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  if (!exists(path)) return user_error("there is no journal " + path);
  try {
    Database database(path, Database::Mode::read);
    database.execute("PRAGMA busy_timeout = 5000");
    if (auto refused = refusal(database, path)) return *refused;
    return examine(database);
  } catch (const SqliteError& error) {
    JournalHealth health;
    health.readable = false;
    note(health, error.what());
    return health;
  }
}

Result<JournalHealth> backup_journal(const std::string& path, const std::string& to) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  if (!exists(path)) return user_error("there is no journal " + path);
  if (exists(to)) return user_error(to + " exists already", "name a new file: a backup never overwrites one");
  const auto partial = to + ".partial";
  std::error_code code;
  fs::remove(partial, code);
  const auto give_up = [&](Error error) {
    for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(partial + suffix, code);
    return error;
  };
  try {
    JournalHealth health;
    {
      Database from(path, Database::Mode::read);
      from.execute("PRAGMA busy_timeout = 5000");
      if (auto refused = refusal(from, path)) return *refused;
      // SQLite gives a file that it makes to everybody to read.
      const Descriptor made(::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!made) return give_up(failed("copied to " + to, std::strerror(errno)));
      Database copy(partial);
      auto* backup = sqlite3_backup_init(copy.handle(), "main", from.handle(), "main");
      if (backup == nullptr) throw SqliteError(SQLITE_ERROR, sqlite3_errmsg(copy.handle()));
      sqlite3_backup_step(backup, -1);
      const int ended = sqlite3_backup_finish(backup);
      if (ended != SQLITE_OK) throw SqliteError(ended & 0xff, sqlite3_errmsg(copy.handle()));
      copy.execute("PRAGMA journal_mode = DELETE");
      health = examine(copy);
    }
    if (!health.whole()) {
      return give_up(infrastructure_error("the copy would not be whole: " + health.problems.front(),
                                          "stop the service and run `quietgate doctor --repair` first"));
    }
    if (auto done = synced(partial, 0); !done) return give_up(done.error());
    if (auto done = renamed(partial, to); !done) return give_up(done.error());
    if (auto done = synced(folder_of(to), O_DIRECTORY); !done) return done.error();
    return health;
  } catch (const SqliteError& error) {
    return give_up(failed("copied to " + to, error.what()));
  }
}

Result<JournalRepair> repair_journal(const std::string& path, Time now) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  JournalRepair repair;
  if (!exists(path) && exists(path + ".repaired")) {
    repair.kept_as = path + ".damaged-" + stamp(now);
    if (auto swapped = swap_in(path, repair.kept_as); !swapped) return swapped.error();
  }
  auto health = examine_journal(path);
  if (!health) return health.error();
  repair.changed = !repair.kept_as.empty();
  repair.rows = health->rows;
  if (health->whole() && !lacks_rows(path)) return repair;
  repair.changed = true;
  std::error_code code;
  fs::remove(path + ".repaired", code);
  try {
    auto saved = salvage(path, path + ".repaired", now);
    if (saved.rows == 0) {
      fs::remove(path + ".repaired", code);
      return infrastructure_error("no row of " + path + " could be found", "restore the journal from a backup");
    }
    repair.rows = saved.rows;
    repair.lost = std::move(saved.lost);
    repair.ended = std::move(saved.ended);
  } catch (const SqliteError& error) {
    fs::remove(path + ".repaired", code);
    return failed("repaired", error.what());
  }
  if (auto done = synced(path + ".repaired", 0); !done) return done.error();
  if (auto done = synced(folder_of(path), O_DIRECTORY); !done) return done.error();
  repair.kept_as = path + ".damaged-" + stamp(now);
  if (auto swapped = swap_in(path, repair.kept_as); !swapped) return swapped.error();
  return repair;
}

}  // namespace quietgate
