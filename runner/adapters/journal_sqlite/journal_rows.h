// One row of the journal's file, as docs/journal.md describes it: reading, and the checksum that proves it.
#pragma once

#include <string>

#include "runner/adapters/journal_sqlite/sqlite.h"
#include "runner/ports/journal.h"

namespace quietgate {

constexpr int journal_application_id = 0x71676a31;  // "qgj1" in SQLite's header: this file is a quietgate journal

// BLAKE2b-128 over everything that the row says, so that a flipped bit is found. libsodium must be initialised.
std::string checksum_of(std::int64_t sequence, std::int64_t at, const std::string& type, const std::string& payload);

// The columns that row_from reads: to be followed by WHERE, ORDER BY, ...
extern const char* const row_columns;

// The row that the statement stands at. Fails when its checksum doesn't match or its event can't be understood.
Result<Row> row_from(const Statement& statement);

extern const char* const insert_row;  // sequence, at, type, repository, number, payload, checksum
// Answers the payload's size.
std::size_t insert(Statement& statement, std::int64_t sequence, Time at, const Event& event);

}  // namespace quietgate
