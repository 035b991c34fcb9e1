#include "runner/adapters/journal_sqlite/journal_sqlite.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>

#include "runner/adapters/journal_sqlite/journal_store.h"

namespace quietgate {

JournalSqlite::JournalSqlite(std::unique_ptr<JournalStore> store)
    : store_(std::move(store)), catalog_(*store_), archive_(*store_) {}
JournalSqlite::~JournalSqlite() = default;

Result<std::unique_ptr<JournalSqlite>> JournalSqlite::open(const std::string& path, const Clock& clock,
                                                           Executor executor) {
  std::error_code code;
  if (!std::filesystem::exists(path, code) && std::filesystem::exists(path + ".repaired", code)) {
    return infrastructure_error("a repair of " + path + " was interrupted", "run `quietgate doctor --repair` again");
  }
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  try {
    auto store = std::make_unique<JournalStore>(path, clock, std::move(executor), Database::Mode::write);
    if (auto refusal = store->adopt(path)) return *refusal;
    store->prepare();
    return std::unique_ptr<JournalSqlite>(new JournalSqlite(std::move(store)));
  } catch (const SqliteError& error) {
    return explained(error, "be opened (" + path + ")");
  }
}

Result<std::unique_ptr<JournalSqlite>> JournalSqlite::open_to_read(const std::string& path, const Clock& clock,
                                                                   Executor executor) {
  try {
    auto store = std::make_unique<JournalStore>(path, clock, std::move(executor), Database::Mode::read);
    if (auto refusal = store->accept(path)) return *refusal;
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

Result<std::vector<Row>> JournalSqlite::read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) {
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
  if (store_->mode == Database::Mode::write) return store_->last;
  try {
    store_->last = store_->find_last();
  } catch (const SqliteError&) {
    // What was known is true still: whoever asks again is told more.
  }
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

Result<std::int64_t> JournalSqlite::next_number(const std::string& repository) {
  if (store_->held_numbers.contains(repository))
    return infrastructure_error(
        "no run of " + repository + " can be numbered yet: its remote has not yet reported the numbers of earlier runs",
        "the service asks the remote at the next poll, and logs problems");
  return ask_store([&] {
    Statement statement(store_->database.handle(),
                        "SELECT coalesce(max(number), 0) + 1 FROM runs WHERE repository = ?1");
    statement.bind(repository).step();
    const auto used = store_->used_numbers.find(repository);
    return std::max(statement.integer(0), used == store_->used_numbers.end() ? 0 : used->second + 1);
  });
}

}  // namespace quietgate
