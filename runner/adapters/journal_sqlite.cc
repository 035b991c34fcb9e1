#include "runner/adapters/journal_sqlite.h"

#include <sodium.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_projection.h"
#include "runner/adapters/sqlite.h"

namespace quietgate {

namespace {

constexpr int application_id = 0x71676a31;  // "qgj1" in SQLite's header: this file is a quietgate journal

// BLAKE2b-128 over everything that the row says, so that a flipped bit is found.
std::string checksum_of(std::int64_t sequence, std::int64_t at, const std::string& type, const std::string& payload) {
  crypto_generichash_state state;
  std::string digest(16, '\0');
  auto add = [&](const void* bytes, std::size_t size) {
    crypto_generichash_update(&state, static_cast<const unsigned char*>(bytes), size);
  };
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  add(&sequence, sizeof sequence);
  add(&at, sizeof at);
  add(type.data(), type.size() + 1);
  add(payload.data(), payload.size());
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(digest.data()), digest.size());
  return digest;
}

Time time_of(std::int64_t milliseconds) {
  return Time{Milliseconds{milliseconds}};
}

Error explained(const SqliteError& error, const std::string& doing) {
  std::string advice;
  if (error.code == SQLITE_FULL) advice = "free space on the disk of the data directory; nothing was lost";
  if (error.code == SQLITE_READONLY) advice = "make the data directory writable for the user that runs quietgate";
  if (error.code == SQLITE_CORRUPT || error.code == SQLITE_NOTADB) advice = "restore the journal from a backup";
  return infrastructure_error("the journal can't " + doing + ": " + error.what(), advice);
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
  run.status = row.text(5);
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
  e.status = row.text(5);
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

struct JournalSqlite::Store {
  Store(const std::string& path, const Clock& with_clock, Executor executor)
      : database(path), clock(with_clock), bell(std::move(executor)) {}

  // Makes a new file a journal, or refuses one that is none.
  std::optional<Error> adopt(const std::string& path) {
    database.execute("PRAGMA busy_timeout = 5000");
    const auto version = database.number("PRAGMA user_version");
    const bool fresh = database.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (!fresh && database.number("PRAGMA application_id") != application_id) {
      return infrastructure_error(path + " is not a quietgate journal",
                                  "name another data directory, or move that file away");
    }
    if (version > journal_schema_version) {
      return infrastructure_error(path + " was written by a newer quietgate (schema " + std::to_string(version) +
                                      "; this one knows " + std::to_string(journal_schema_version) + ")",
                                  "run that version, or restore an older backup");
    }
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000");
    if (!fresh) return std::nullopt;
    Transaction transaction(database);
    database.execute(journal_schema);
    database.execute("PRAGMA application_id = " + std::to_string(application_id));
    database.execute("PRAGMA user_version = " + std::to_string(journal_schema_version));
    transaction.commit();
    return std::nullopt;
  }

  void prepare() {
    auto* db = database.handle();
    const std::string columns = "SELECT sequence, at, type, payload, checksum FROM events ";
    projection.emplace(database);
    insert.emplace(db,
                   "INSERT INTO events (sequence, at, type, repository, number, payload, checksum) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST(?7 AS BLOB))");
    read_all.emplace(db, columns + "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
    read_run.emplace(db, columns +
                             "WHERE repository = ?3 AND number = ?4 AND number > 0 AND sequence > ?1 "
                             "ORDER BY sequence LIMIT ?2");
    last = database.number("SELECT coalesce(max(sequence), 0) FROM events");
  }

  Database database;
  const Clock& clock;
  Bell bell;
  std::int64_t last = 0;
  std::optional<Projection> projection;
  std::optional<Statement> insert, read_all, read_run;
};

JournalSqlite::JournalSqlite(std::unique_ptr<Store> store) : store_(std::move(store)) {}
JournalSqlite::~JournalSqlite() = default;

Result<std::unique_ptr<JournalSqlite>> JournalSqlite::open(const std::string& path, const Clock& clock,
                                                           Executor executor) {
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

Result<std::int64_t> JournalSqlite::append(std::vector<Event> events) {
  if (events.empty()) return store_->last;
  const Time now = store_->clock.now();
  const std::int64_t at = now.time_since_epoch().count();
  try {
    Transaction transaction(store_->database);
    auto sequence = store_->last;
    for (const auto& event : events) {
      ++sequence;
      const std::string type = type_of(event);
      const auto payload = to_json(event);
      const auto checksum = checksum_of(sequence, at, type, payload);
      store_->insert->bind(sequence, at, type, repository_of(event), run_of(event).number, payload, checksum).run();
      store_->projection->add(sequence, now, event);
    }
    transaction.commit();
    store_->last = sequence;
  } catch (const SqliteError& error) {
    return explained(error, "be written");
  }
  store_->bell.ring();
  return store_->last;
}

Result<std::vector<Row>> JournalSqlite::read(std::int64_t after, std::size_t limit, std::optional<RunId> run) {
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
      const auto sequence = statement.integer(0);
      const auto at = statement.integer(1);
      const auto type = statement.text(2);
      const auto payload = statement.text(3);
      if (statement.text(4) != checksum_of(sequence, at, type, payload)) {
        statement.reset();
        return infrastructure_error(
            "row " + std::to_string(sequence) + " of the journal is damaged (its checksum does not match)",
            "restore the journal from a backup");
      }
      auto event = event_from_json(type, payload);
      if (!event) {
        statement.reset();
        return event.error();
      }
      rows.push_back({sequence, time_of(at), std::move(*event)});
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

Result<std::int64_t> JournalSqlite::next_number(std::string repository) {
  return ask<std::int64_t>([&] {
    Statement statement(store_->database.handle(),
                        "SELECT coalesce(max(number), 0) + 1 FROM runs WHERE repository = ?1");
    statement.bind(repository).step();
    return statement.integer(0);
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

}  // namespace quietgate
