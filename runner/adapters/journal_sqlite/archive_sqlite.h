// How a journal in SQLite forgets runs: what may go, and how it goes.
#pragma once

#include "runner/ports/archive.h"

namespace quietgate {

struct JournalStore;

class ArchiveSqlite final : public Archive {
 public:
  explicit ArchiveSqlite(JournalStore& store) : store_(store) {}  // outlives this

  Result<std::vector<RunId>> expired(const RetentionRule& rule, Time now, std::size_t limit) override;
  Result<void> expire(const RunId& run) override;

 private:
  JournalStore& store_;
};

}  // namespace quietgate
