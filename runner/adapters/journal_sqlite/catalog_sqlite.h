// The catalog of a journal in SQLite: questions to the tables that each append keeps up to date.
#pragma once

#include "runner/ports/journal.h"

namespace quietgate {

struct JournalStore;

class CatalogSqlite final : public Catalog {
 public:
  explicit CatalogSqlite(JournalStore& store) : store_(store) {}  // outlives this

  Result<std::vector<RunSummary>> runs(std::string repository, std::size_t limit, std::int64_t before) override;
  Result<std::optional<RunSummary>> run(RunId id) override;
  Result<std::vector<RunSummary>> unfinished_runs() override;
  Result<CommitId> last_run_commit(std::string repository, std::string branch) override;
  Result<bool> watched(std::string repository) override;
  Result<std::map<std::string, CommitId>> branches(std::string repository) override;
  Result<std::vector<EnvironmentSummary>> environments() override;
  Result<std::vector<PendingEvidence>> unpublished_evidence() override;
  Result<std::vector<RunId>> promoted_runs(std::string repository, std::size_t limit) override;

 private:
  JournalStore& store_;
};

}  // namespace quietgate
