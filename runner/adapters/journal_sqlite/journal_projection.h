// Brings one event into the projections' tables, inside the append's transaction.
#pragma once

#include "runner/adapters/journal_sqlite/sqlite.h"
#include "runner/ports/journal.h"

namespace quietgate {

class Projection {
 public:
  // The tables must exist (projections_schema). `database` must outlive this.
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
  Statement environment_extended_;
  Statement run_promoted_;
  Statement run_expired_;
  Statement evidence_sealed_;
  Statement evidence_published_;
  Statement evidence_expired_;
};

extern const char* const events_schema;       // the rows: the truth
extern const char* const projections_schema;  // what is made of them
constexpr int journal_schema_version = 1;

// Names of tables and indices that are missing or not as they should be.
std::vector<std::string> wrong_with_schema(Database& database);

// Makes all projections and indices anew from the rows, in one transaction. Throws SqliteError; a row that is damaged
// is SQLITE_CORRUPT. Takes time in proportion to the rows.
void rebuild_projections(Database& database);

}  // namespace quietgate
