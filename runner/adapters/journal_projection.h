// Brings one event into the projections' tables, inside the append's transaction.
#pragma once

#include "runner/adapters/sqlite.h"
#include "runner/ports/journal.h"

namespace quietgate {

class Projection {
 public:
  // The tables must exist (journal_schema). `database` must outlive this.
  explicit Projection(Database& database);
  // Throws SqliteError.
  void add(std::int64_t sequence, Time at, const Event& event);

 private:
  Statement new_run_;
  Statement run_started_;
  Statement run_finished_;
  Statement run_reopened_;
  Statement watched_;
  Statement branch_at_;
  Statement branch_gone_;
  Statement environment_planned_;
  Statement environment_ready_;
  Statement environment_gone_;
  Statement environment_failing_;
  Statement environment_unwanted_;
};

extern const char* const journal_schema;
constexpr int journal_schema_version = 1;

}  // namespace quietgate
