// The thinnest layer over SQLite's C interface that owns what it opens. Errors are SqliteError; callers turn them into
// Result.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quietgate {

struct SqliteError : std::runtime_error {
  SqliteError(int result, const std::string& text) : std::runtime_error(text), code(result) {}
  int code;  // primary result code: SQLITE_FULL, SQLITE_CORRUPT, ...
};

class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql) : database_(database) {
    check(sqlite3_prepare_v3(database, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds by position from 1 and starts anew.
  template <class... T>
  Statement& bind(const T&... values) {
    reset();
    int position = 0;
    (bind_one(++position, values), ...);
    return *this;
  }
  // True while there is a row.
  bool step() {
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) check(code);
    return false;
  }
  // Runs a statement that gives no rows.
  // Begins anew in any case: after a failure it would go on holding what it read.
  void run() {
    try {
      while (step()) {
      }
    } catch (...) {
      reset();
      throw;
    }
    reset();
  }
  void reset() { sqlite3_reset(statement_); }

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  int columns() const { return sqlite3_column_count(statement_); }
  std::string text(int column) const {  // of a TEXT or a BLOB column
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) throw SqliteError(code & 0xff, sqlite3_errmsg(database_));
  }
  void bind_one(int position, std::int64_t value) { check(sqlite3_bind_int64(statement_, position, value)); }
  void bind_one(int position, std::string_view value) {
    const char* bytes = value.data() == nullptr ? "" : value.data();
    check(sqlite3_bind_text64(statement_, position, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  }

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  enum class Mode { write, read };
  explicit Database(const std::string& path, Mode mode = Mode::write) {
    const int access = mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int flags = access | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code == SQLITE_OK) return;
    std::string text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw SqliteError(code & 0xff, text);
  }
  ~Database() {
    begin_.reset();
    commit_.reset();
    sqlite3_close(handle_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const std::string& sql) {
    int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw SqliteError(code & 0xff, sqlite3_errmsg(handle_));
  }
  std::int64_t number(const std::string& sql) {  // the one number that a query gives
    Statement statement(handle_, sql);
    return statement.step() ? statement.integer(0) : 0;
  }
  sqlite3* handle() { return handle_; }
  // Prepared once: many transactions are short.
  void begin() { prepared(begin_, "BEGIN IMMEDIATE").run(); }
  void commit() { prepared(commit_, "COMMIT").run(); }

 private:
  Statement& prepared(std::optional<Statement>& statement, const char* sql) {
    if (!statement) statement.emplace(handle_, sql);
    statement->reset();
    return *statement;
  }

  sqlite3* handle_ = nullptr;
  std::optional<Statement> begin_;
  std::optional<Statement> commit_;
};

// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.begin(); }
  ~Transaction() {
    if (!committed_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.commit();
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

}  // namespace quietgate
