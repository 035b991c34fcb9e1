#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_store.h"

namespace quietgate {

namespace {

constexpr std::size_t most_recent = 32;
// Of their JSON: a plan has up to 1 MiB, and takes ten times that.
constexpr std::size_t most_recent_bytes = 2UL << 20;

Time time_of(std::int64_t milliseconds) {
  return Time{Milliseconds{milliseconds}};
}

// Asks the projections; every question fails in the same way.
template <class T>
Result<T> ask(const std::function<T()>& question) {
  try {
    return question();
  } catch (const SqliteError& error) {
    return explained(error, "be read");
  }
}

const std::string run_columns =
    "SELECT repository, number, branch, commit_id, cause, status, outcome, reason, requested, started, finished, first "
    "FROM "
    "runs ";

RunSummary run_from(const Statement& row) {
  RunSummary run;
  run.id = {row.text(0), row.integer(1)};
  run.branch = row.text(2);
  run.commit = row.text(3);
  run.cause = row.text(4);
  parse_run_status(row.text(5), run.status);
  parse_outcome(row.text(6), run.outcome);
  run.reason = row.text(7);
  run.requested = time_of(row.integer(8));
  run.started = time_of(row.integer(9));
  run.finished = time_of(row.integer(10));
  run.first = row.integer(11);
  return run;
}

std::vector<RunSummary> runs_from(Statement& statement) {
  std::vector<RunSummary> runs;
  while (statement.step()) runs.push_back(run_from(statement));
  return runs;
}

EnvironmentSummary environment_from(const Statement& row) {
  EnvironmentSummary e;
  e.id = row.text(0);
  e.run = {row.text(1), row.integer(2)};
  e.stage = row.text(3);
  e.provisioner = row.text(4);
  parse_environment_status(row.text(5), e.status);
  e.keep = row.integer(6) != 0;
  e.created = time_of(row.integer(7));
  e.expires = time_of(row.integer(8));
  auto ports = nlohmann::json::parse(row.text(9), nullptr, false);
  if (ports.is_object()) e.ports = ports.get<std::map<std::string, int>>();
  e.destroy_tries = static_cast<int>(row.integer(10));
  e.problem = row.text(11);
  return e;
}

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

std::optional<Error> JournalSqlite::Store::adopt(const std::string& path) {
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

std::optional<Error> JournalSqlite::Store::mend(const std::string& path) {
  const auto wrong = wrong_with_schema(database);
  if (wrong.empty()) return std::nullopt;
  if (std::find(wrong.begin(), wrong.end(), "events") != wrong.end()) {
    return infrastructure_error(path + " is not a journal: its table `events` is missing or has other columns",
                                "restore the journal from a backup, or try `quietgate doctor --repair`");
  }
  rebuild_projections(database);
  return std::nullopt;
}

void JournalSqlite::Store::prepare() {
  auto* db = database.handle();
  const std::string columns = row_columns;
  projection.emplace(database);
  insert.emplace(db, insert_row);
  read_all.emplace(db, columns + "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
  read_run.emplace(db, columns +
                           "WHERE repository = ?3 AND number = ?4 AND number > 0 AND sequence > ?1 "
                           "ORDER BY sequence LIMIT ?2");
  last = database.number("SELECT coalesce(max(sequence), 0) FROM events");
  // Where the last ones are lost, one row stands for all of them: their numbers are not given again.
  Statement newest(db, columns + "WHERE sequence = ?1 AND type = 'RowsLost'");
  newest.bind(last);
  const auto row = newest.step() ? row_from(newest) : Result<Row>(Row());
  if (const auto* lost = row ? std::get_if<RowsLost>(&row->event) : nullptr) last = std::max(last, lost->rows.to);
}

bool JournalSqlite::Store::in_place() {
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

std::optional<std::vector<Row>> JournalSqlite::Store::newest(std::int64_t after, std::size_t limit,
                                                             const std::optional<RunId>& run) const {
  if (after >= last) return std::vector<Row>();
  if (recent.empty() || after + 1 < recent.front().row.sequence) return std::nullopt;
  std::vector<Row> rows;
  for (auto at = recent.begin() + (after + 1 - recent.front().row.sequence); at != recent.end(); ++at) {
    if (rows.size() == limit) break;
    if (!run || run_of(at->row.event) == *run) rows.push_back(at->row);
  }
  return rows;
}

void JournalSqlite::Store::keep_newest(std::vector<Event> events, const std::vector<std::size_t>& sizes, Time at) {
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

void JournalSqlite::Store::forget_recent() {
  recent = {};
  recent_size = 0;
}

JournalSqlite::JournalSqlite(std::unique_ptr<Store> store) : store_(std::move(store)) {}
JournalSqlite::~JournalSqlite() = default;

Result<std::unique_ptr<JournalSqlite>> JournalSqlite::open(const std::string& path, const Clock& clock,
                                                           Executor executor) {
  std::error_code code;
  if (!std::filesystem::exists(path, code) && std::filesystem::exists(path + ".repaired", code)) {
    return infrastructure_error("a repair of " + path + " was interrupted", "run `quietgate doctor --repair` again");
  }
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  try {
    auto store = std::make_unique<Store>(path, clock, std::move(executor));
    if (auto refusal = store->adopt(path)) return *refusal;
    store->prepare();
    return std::unique_ptr<JournalSqlite>(new JournalSqlite(std::move(store)));
  } catch (const SqliteError& error) {
    return explained(error, "be opened (" + path + ")");
  }
}

namespace {

Error taken_away() {
  return infrastructure_error("the journal was removed or replaced while quietgate was running",
                              "stop quietgate, then restore the journal; rows written since are lost");
}

}  // namespace

Result<std::int64_t> JournalSqlite::append_now(std::vector<Event> events) {
  if (events.empty()) return store_->last;
  if (!store_->in_place()) return taken_away();
  const Time now = store_->clock.now();
  std::vector<std::size_t> sizes;
  try {
    Transaction transaction(store_->database);
    auto sequence = store_->last;
    for (const auto& event : events) {
      ++sequence;
      sizes.push_back(quietgate::insert(*store_->insert, sequence, now, event));
      store_->projection->add(sequence, now, event);
    }
    transaction.commit();
    store_->last = sequence;
  } catch (const SqliteError& error) {
    // Sequences are a writer's place in the journal: whose next one is taken writes nothing any more.
    if ((error.code & 0xff) == SQLITE_CONSTRAINT)
      return infrastructure_error("the journal can't be written: another quietgate has written to it meanwhile",
                                  "only one service may use a data directory: stop one of them");
    return explained(error, "be written");
  }
  store_->keep_newest(std::move(events), sizes, now);
  store_->bell.ring();
  return store_->last;
}

Result<std::vector<Row>> JournalSqlite::read(std::int64_t after, std::size_t limit, std::optional<RunId> run) {
  if (auto known = store_->newest(after, limit, run)) return std::move(*known);
  try {
    auto& statement = run ? *store_->read_run : *store_->read_all;
    const auto count = static_cast<std::int64_t>(limit);
    if (run) {
      statement.bind(after, count, run->repository, run->number);
    } else {
      statement.bind(after, count);
    }
    std::vector<Row> rows;
    while (statement.step()) {
      auto row = row_from(statement);
      if (!row) {
        statement.reset();
        return row.error();
      }
      rows.push_back(std::move(*row));
    }
    statement.reset();
    return rows;
  } catch (const SqliteError& error) {
    return explained(error, "be read");
  }
}

std::int64_t JournalSqlite::last() const {
  return store_->last;
}
Bell& JournalSqlite::bell() {
  return store_->bell;
}

void JournalSqlite::number_above(const std::string& repository, std::int64_t number) {
  auto& used = store_->used_numbers[repository];
  used = std::max(used, number);
  store_->held_numbers.erase(repository);
}

void JournalSqlite::hold_numbers(const std::string& repository) {
  store_->held_numbers.insert(repository);
}

Result<void> JournalSqlite::probe() {
  if (!store_->in_place()) return taken_away();
  try {
    Transaction transaction(store_->database);
    store_->database.execute("PRAGMA user_version = " + std::to_string(journal_schema_version));
    transaction.commit();
    return {};
  } catch (const SqliteError& error) {
    return explained(error, "be written");
  }
}

// The file has the rows, the system's cache its pages.
void JournalSqlite::rest() {
  store_->forget_recent();
  sqlite3_db_release_memory(store_->database.handle());
}

Result<std::vector<RunSummary>> JournalSqlite::runs(std::string repository, std::size_t limit, std::int64_t before) {
  return ask<std::vector<RunSummary>>([&] {
    // A repository's own order is that of its numbers, which the primary key holds.
    Statement statement(
        store_->database.handle(),
        run_columns + (repository.empty() ? "WHERE first < ?2 AND ?1 = '' ORDER BY first DESC LIMIT ?3"
                                          : "WHERE repository = ?1 AND first < ?2 ORDER BY number DESC LIMIT ?3"));
    statement.bind(repository, before == 0 ? INT64_MAX : before, static_cast<std::int64_t>(limit));
    return runs_from(statement);
  });
}

Result<std::optional<RunSummary>> JournalSqlite::run(RunId id) {
  return ask<std::optional<RunSummary>>([&]() -> std::optional<RunSummary> {
    Statement statement(store_->database.handle(), run_columns + "WHERE repository = ?1 AND number = ?2");
    statement.bind(id.repository, id.number);
    if (!statement.step()) return std::nullopt;
    return run_from(statement);
  });
}

Result<std::vector<RunSummary>> JournalSqlite::unfinished_runs() {
  return ask<std::vector<RunSummary>>([&] {
    Statement statement(store_->database.handle(), run_columns + "WHERE status <> 'finished' ORDER BY first");
    return runs_from(statement);
  });
}

Result<std::int64_t> JournalSqlite::next_number(const std::string& repository) {
  if (store_->held_numbers.contains(repository))
    return infrastructure_error(
        "no run of " + repository + " can be numbered yet: its remote has not yet reported the numbers of earlier runs",
        "the service asks the remote at the next poll, and logs problems");
  return ask<std::int64_t>([&] {
    Statement statement(store_->database.handle(),
                        "SELECT coalesce(max(number), 0) + 1 FROM runs WHERE repository = ?1");
    statement.bind(repository).step();
    const auto used = store_->used_numbers.find(repository);
    return std::max(statement.integer(0), used == store_->used_numbers.end() ? 0 : used->second + 1);
  });
}

Result<CommitId> JournalSqlite::last_run_commit(std::string repository, std::string branch) {
  return ask<CommitId>([&] {
    Statement statement(
        store_->database.handle(),
        "SELECT commit_id FROM runs WHERE repository = ?1 AND branch = ?2 ORDER BY number DESC LIMIT 1");
    statement.bind(repository, branch);
    return statement.step() ? statement.text(0) : CommitId{};
  });
}

Result<bool> JournalSqlite::watched(std::string repository) {
  return ask<bool>([&] {
    Statement statement(store_->database.handle(), "SELECT 1 FROM repositories WHERE repository = ?1");
    statement.bind(repository);
    return statement.step();
  });
}

Result<std::map<std::string, CommitId>> JournalSqlite::branches(std::string repository) {
  return ask<std::map<std::string, CommitId>>([&] {
    Statement statement(store_->database.handle(), "SELECT branch, commit_id FROM branches WHERE repository = ?1");
    statement.bind(repository);
    std::map<std::string, CommitId> branches;
    while (statement.step()) branches[statement.text(0)] = statement.text(1);
    return branches;
  });
}

Result<std::vector<EnvironmentSummary>> JournalSqlite::environments() {
  return ask<std::vector<EnvironmentSummary>>([&] {
    Statement statement(store_->database.handle(),
                        "SELECT id, repository, number, stage, provisioner, status, keep, created, expires, ports, "
                        "tries, problem FROM environments ORDER BY created, id");
    std::vector<EnvironmentSummary> environments;
    while (statement.step()) environments.push_back(environment_from(statement));
    return environments;
  });
}

Result<std::vector<PendingEvidence>> JournalSqlite::unpublished_evidence() {
  return ask<std::vector<PendingEvidence>>([&] {
    Statement statement(store_->database.handle(),
                        "SELECT sequence, repository, number, stage, sealed FROM unpublished ORDER BY sequence");
    std::vector<PendingEvidence> pending;
    while (statement.step())
      pending.push_back({statement.integer(0),
                         {statement.text(1), statement.integer(2)},
                         statement.text(3),
                         time_of(statement.integer(4))});
    return pending;
  });
}

Result<std::vector<RunId>> JournalSqlite::promoted_runs(std::string repository, std::size_t limit) {
  return ask<std::vector<RunId>>([&] {
    Statement statement(store_->database.handle(),
                        "SELECT number FROM runs WHERE repository = ?1 AND promoted > 0 ORDER BY number DESC LIMIT ?2");
    statement.bind(repository, static_cast<std::int64_t>(limit));
    std::vector<RunId> runs;
    while (statement.step()) runs.push_back({repository, statement.integer(0)});
    return runs;
  });
}

}  // namespace quietgate
