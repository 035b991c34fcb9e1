// How a journal in SQLite forgets runs: what may go, and how it goes.
#pragma once

#include "runner/ports/archive.h"

namespace quietgate {

struct JournalStore;

class ArchiveSqlite final : public Archive {
 public:
  explicit ArchiveSqlite(JournalStore& store) : store_(store) {}  // outlives this

  // At once, on the thread that asks.
  Task<Result<std::vector<RunId>>> expired(RetentionRule rule, Time now, std::size_t limit) override {
    co_return expired_now(rule, now, limit);
  }
  Task<Result<void>> expire(RunId run) override { co_return expire_now(run); }

 private:
  Result<std::vector<RunId>> expired_now(const RetentionRule& rule, Time now, std::size_t limit);
  Result<void> expire_now(const RunId& run);

  JournalStore& store_;
};

}  // namespace quietgate
