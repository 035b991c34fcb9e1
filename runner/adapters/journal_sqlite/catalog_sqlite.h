// The catalog of a journal in SQLite: questions to the tables that each append keeps up to date.
#pragma once

#include "runner/ports/inline_catalog.h"

namespace quietgate {

struct JournalStore;

class CatalogSqlite final : public InlineCatalog {
 public:
  explicit CatalogSqlite(JournalStore& store) : store_(store) {}  // outlives this

  Result<std::vector<RunSummary>> runs_now(const std::string& repository, std::size_t limit,
                                           std::int64_t before) override;
  Result<std::optional<RunSummary>> run_now(const RunId& id) override;
  Result<std::vector<RunSummary>> unfinished_runs_now() override;
  Result<CommitId> last_run_commit_now(const std::string& repository, const std::string& branch) override;
  Result<bool> watched_now(const std::string& repository) override;
  Result<std::map<std::string, CommitId>> branches_now(const std::string& repository) override;
  Result<std::vector<EnvironmentSummary>> environments_now() override;
  Result<std::vector<PendingEvidence>> unpublished_evidence_now() override;
  Result<std::vector<RunId>> promoted_runs_now(const std::string& repository, std::size_t limit) override;

 private:
  JournalStore& store_;
};

}  // namespace quietgate
